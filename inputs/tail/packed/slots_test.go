package packed

import (
	"testing"
	"testing/synctest"
	"time"
)

// someFile is a file of a topic; open says that it is decompressed, stuck that it is
// being read and cannot be closed.
type someFile struct {
	topic              string
	open, waits, stuck bool
	at                 int64
}

func (f *someFile) Topic() any         { return f.topic }
func (f *someFile) Decompresses() bool { return f.open }
func (f *someFile) Waits() bool        { return f.waits }
func (f *someFile) At() int64          { return f.at }

func (f *someFile) LetGo(int64) bool {
	if !f.stuck {
		f.open = false
	}
	return !f.stuck
}

// Each topic has one slot; when none is left, one is taken back that nobody has read
// from for a while, and its topic gets another only for the same file.
func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewSlots[*someFile]()
		take := func(f *someFile, want bool) {
			t.Helper()
			if got := s.Take(f); got != want {
				t.Errorf("a file of topic %s gets a slot: %v, want %v", f.topic, got, want)
			} else if got {
				f.open = true
				s.Ready(f)
			}
		}
		var files []*someFile
		for i := range SlotsMax {
			f := &someFile{topic: string(rune('a' + i)), waits: true, stuck: i > 1}
			take(f, true)
			files = append(files, f)
		}
		take(&someFile{topic: "a"}, false) // it has one
		late := &someFile{topic: "late"}
		take(late, false)
		files[1].at = 100 // it is read
		time.Sleep(slotIdle)
		take(late, true)
		if files[0].open || !files[1].open {
			t.Error("the slot was not taken from the file that nobody reads")
		}
		another := &someFile{topic: "a"}
		files[2].open = false // done
		take(another, false)  // the first one waits
		files[0].waits = false
		take(another, true)
		take(&someFile{topic: "z"}, false) // a moment ago all were read, or cannot be closed
	})
}
