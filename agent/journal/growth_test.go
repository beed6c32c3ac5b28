package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tailrace/agent/flow"
)

// Files that come and go leave nothing behind, neither in memory nor on disk.
func TestFilesComeAndGo(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{compactMin: 64 << 10, Sync: time.Hour})
	const files, at = 20_000, 10
	for i := range flow.FileID(files) {
		mustWrite(t, j, Record{File: &File{ID: i + 1, Path: fmt.Sprint("/var/log/", i), Topic: "t"}})
		j.Note(Record{Done: &Done{Spans: []flow.Span{span(i+1, 0, 10)}}})
		if i >= at {
			j.Note(Record{Forget: &Forget{ID: i + 1 - at}})
		}
		if n := len(j.fold.files); n > at+1 {
			t.Fatalf("%d files are known", n)
		}
	}
	size := int64(0)
	names, _ := filepath.Glob(filepath.Join(dir, generationPrefix+"*"))
	for _, name := range names {
		if st, err := os.Stat(name); err == nil {
			size += st.Size()
		}
	}
	if size > 3*(64<<10) {
		t.Errorf("%d bytes of journal for %d files", size, at)
	}
	j.Close()
	if st := mustOpen(t, dir, Options{}).State(); len(st.Files) != at || st.Damaged > 0 {
		t.Errorf("%d files after a restart, %d damaged", len(st.Files), st.Damaged)
	}
}
