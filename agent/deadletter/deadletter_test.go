package deadletter

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Letters are appended, also behind what a full disk broke off.
func TestKeep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	f := New(path)
	want := [][]byte{[]byte("one"), {0, 0xff}, []byte("three")}
	if err := f.Keep(Letter{Offset: 1, Value: want[0]}, Letter{Offset: 2, Value: want[1]}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, `{"time":"20`...), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := f.Keep(Letter{Offset: 3, Value: want[2]}); err != nil {
		t.Fatal(err)
	}
	text, err = os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got [][]byte
	for line := range bytes.Lines(text) {
		var l Letter
		if json.Unmarshal(line, &l) == nil {
			got = append(got, l.Value)
		}
	}
	if len(got) != 3 || !bytes.Equal(bytes.Join(got, nil), bytes.Join(want, nil)) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A directory that is not there is an error that names the file.
func TestKeepFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "dead.jsonl")
	if err := New(path).Keep(Letter{}); err == nil || !bytes.Contains([]byte(err.Error()), []byte(path)) {
		t.Errorf("error %v", err)
	}
}
