package locate

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"tailrace/inputs/tail/pattern"
)

// A file that the journal does not know is rotated between it was found and it is
// opened: it is read where it is now, and one that is gone is not taken for another.
func TestOpenAfterRotation(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "a.log")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(text string) { must(os.WriteFile(log, []byte(text), 0o644)) }
	write("1\n")
	l := New(pattern.New([]pattern.Input{{Paths: []string{log}}}))
	all := l.Unknown(log, false)
	if len(all) != 1 {
		t.Fatalf("found %+v", all)
	}
	k := &all[0]
	for _, n := range []string{".1", ".2"} {
		must(os.Rename(k.At, log+n))
		write("2\n")
		f, err := l.Open(k)
		must(err)
		text, err := io.ReadAll(f)
		must(err)
		must(f.Close())
		if k.At != log+n || string(text) != "1\n" {
			t.Errorf("it is at %s, with %q", k.At, text)
		}
	}
	must(os.Remove(k.At))
	if f, err := l.Open(k); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opened %v, %v", f, err)
	}
}
