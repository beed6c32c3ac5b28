package wire

import (
	"slices"
	"testing"
)

func TestSASLRequests(t *testing.T) {
	handshake := AppendSASLHandshake([]byte("before"), 7, "me", "PLAIN")
	want := "before\x00\x00\x00\x13\x00\x11\x00\x01\x00\x00\x00\x07\x00\x02me\x00\x05PLAIN"
	if string(handshake) != want {
		t.Errorf("got %q, want %q", handshake, want)
	}
	authenticate := AppendSASLAuthenticate(nil, 1, 8, "me", []byte("\x00u\x00p"))
	want = "\x00\x00\x00\x14\x00\x24\x00\x01\x00\x00\x00\x08\x00\x02me\x00\x00\x00\x04\x00u\x00p"
	if string(authenticate) != want {
		t.Errorf("got %q, want %q", authenticate, want)
	}
}

func TestSASLAnswers(t *testing.T) {
	code, mechanisms, err := ParseSASLHandshake([]byte("\x00\x21\x00\x00\x00\x02\x00\x05PLAIN\x00\x06GSSAPI"))
	if code != 33 || !slices.Equal(mechanisms, []string{"PLAIN", "GSSAPI"}) || err != nil {
		t.Errorf("got %d %q %v", code, mechanisms, err)
	}
	answer := []byte("\x00\x3a\x00\x02no\x00\x00\x00\x01x\x00\x00\x00\x00\x00\x00\x03\xe8")
	for version, lifetime := range []int64{0, 1000} {
		a, err := ParseSASLAuthenticate(int16(version), answer[:len(answer)-8*(1-version)])
		if err != nil || a.Code != 58 || a.Text != "no" || string(a.Message) != "x" || a.Lifetime != lifetime {
			t.Errorf("version %d: got %+v, %v", version, a, err)
		}
	}
	null, err := ParseSASLAuthenticate(0, []byte("\x00\x00\xff\xff\xff\xff\xff\xff"))
	if err != nil || null.Text != "" || null.Message != nil {
		t.Errorf("got %+v, %v", null, err)
	}
}

// No answer makes the parsers panic or read behind its end.
func FuzzSASLAnswers(f *testing.F) {
	f.Add([]byte("\x00\x21\x00\x00\x00\x02\x00\x05PLAIN\x00\x06GSSAPI"))
	f.Add([]byte("\x00\x3a\x00\x02no\x00\x00\x00\x01x\x00\x00\x00\x00\x00\x00\x03\xe8"))
	f.Fuzz(func(t *testing.T, body []byte) {
		_, mechanisms, err := ParseSASLHandshake(body)
		size := 6
		for _, m := range mechanisms {
			size += 2 + len(m)
		}
		if err == nil && size > len(body) {
			t.Errorf("%d bytes of mechanisms in %d", size, len(body))
		}
		for version := range int16(2) {
			if a, err := ParseSASLAuthenticate(version, body); err == nil && len(a.Text)+len(a.Message) > len(body) {
				t.Errorf("%+v in %d bytes", a, len(body))
			}
		}
	})
}
