package flow

import (
	"bytes"
	"testing"
)

// The time at which an object was built is left out, and nothing else.
func TestTimeless(t *testing.T) {
	a := `{"@timestamp":"2026-11-23T07:00:00.000Z","host":{"name":"a"}}`
	b := `{"@timestamp":"1970-01-01T00:00:00.000Z","host":{"name":"a"}}`
	if !bytes.Equal(Timeless([]byte(a)), Timeless([]byte(b))) || bytes.Equal(Timeless([]byte(a)), Timeless([]byte(a+" "))) {
		t.Errorf("%s", Timeless([]byte(a)))
	}
	for _, s := range []string{"", `{"@timestamp":"x"}`, "a line"} {
		if string(Timeless([]byte(s))) != s {
			t.Errorf("%q was cut", s)
		}
	}
}
