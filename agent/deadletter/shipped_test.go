package deadletter

import (
	"os"
	"path/filepath"
	"testing"
)

// What was shipped is known again, also behind a note that a full disk broke
// off; letters of one file and offset with another value are others.
func TestShipped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead.jsonl")
	a, b := Letter{File: 1, Path: "/a", Offset: 5, Value: []byte("a")}, Letter{File: 1, Path: "/a", Offset: 5, Value: []byte("b")}
	open := func() *Shipped {
		t.Helper()
		s, err := OpenShipped(path)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	has := func(l *Letter) bool {
		topic, shipped := s.Has(l)
		return shipped && topic == "app"
	}
	if has(&a) {
		t.Error("nothing was shipped yet")
	}
	if err := s.Add(&a, "app", 1, 7); err != nil {
		t.Fatal(err)
	}
	if _, err := s.file.WriteString(`{"file":1`); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	if !has(&a) || has(&b) {
		t.Errorf("has %v, %v", has(&a), has(&b))
	}
	if err := s.Add(&b, "app", 1, 8); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open()
	defer s.Close()
	if !has(&a) || !has(&b) {
		t.Error("forgotten")
	}
}

// FuzzEach demands that whatever a file has is read to its end.
func FuzzEach(f *testing.F) {
	f.Add([]byte("{\"path\":\"/a\",\"value\":\"eA==\"}\n{\"pa\n\nnull\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "dead.jsonl")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Each(path, func(l Letter) error {
			if l.Path == "" {
				t.Error("a letter without a path")
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	})
}
