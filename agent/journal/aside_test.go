package journal

import (
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"tailrace/agent/flow"
)

// slowDisk takes a minute for each of the first writes to a generation that is
// made aside, while nobody is kept from writing.
type slowDisk struct{ *fakeDisk }

type slowFile struct {
	file
	writes *int
}

func (d slowDisk) Create(name string) (file, error) {
	f, err := d.fakeDisk.Create(name)
	if filepath.Base(name) == asideName {
		f = slowFile{f, new(int)}
	}
	return f, err
}

func (d slowDisk) Is(name string, f file) bool {
	if slow, ok := f.(slowFile); ok {
		f = slow.file
	}
	return d.fakeDisk.Is(name, f)
}

func (f slowFile) WriteAt(p []byte, off int64) (int, error) {
	if *f.writes++; *f.writes <= 5 {
		time.Sleep(time.Minute)
	}
	return f.file.WriteAt(p, off)
}

// While the snapshot of many files is written, and the disk is slow, the journal
// is written; what was written meanwhile is in the next generation too.
func TestWrittenWhileCompacted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, d := t.TempDir(), slowDisk{newFakeDisk()}
		o := Options{Sync: time.Second, disk: d, compactMin: 64 << 10, asideMin: 1}
		j := mustOpen(t, dir, o)
		const files = 3 * asideStep
		for i := range files {
			mustWrite(t, j, Record{File: &File{ID: flow.FileID(i + 1), Path: fmt.Sprint("/log/", i)}})
		}
		mustWrite(t, j, Record{Lane: &Lane{ID: 1}}, Record{PID: &PID{Lane: 1, PID: 5}})
		time.Sleep(time.Hour) // nothing is under way
		gen := j.Stats().Generation
		acked := int64(0)
		for seq := int32(0); j.Stats().Generation == gen; seq++ {
			acked += 10
			mustWrite(t, j, intent(1, 5, seq, 1, span(flow.FileID(files), acked-10, acked)))
			j.Note(ack(1, seq, int64(seq)))
			time.Sleep(time.Second)
		}
		if acked < 10*60 {
			t.Error("nothing was written while the snapshot was")
		}
		j.Close()
		st := mustOpen(t, dir, o).State()
		if len(st.Files) != files || st.Files[files-1].Acked != acked || st.Damaged != 0 {
			t.Errorf("%d files, the last acked at %d, want %d; %d damaged", len(st.Files), st.Files[files-1].Acked, acked, st.Damaged)
		}
	})
}
