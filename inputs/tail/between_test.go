package tail

import (
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// tick waits until the clock goes on by which file systems tell when a file was made,
// written to or renamed. That may lag behind every clock that a program can ask, so
// files are made until one is younger than the first.
func tick() {
	made := func() time.Time {
		f, err := os.CreateTemp("", "tick")
		if err != nil {
			panic(err)
		}
		defer os.Remove(f.Name())
		defer f.Close()
		e, err := f.Stat()
		if err != nil {
			panic(err)
		}
		return e.ModTime()
	}
	for first := made(); made().Equal(first); {
		_ = unix.Nanosleep(&unix.Timespec{Nsec: 1e6}, nil)
	}
}

// Files are rotated to names that no rule knows, and more than once while nobody
// looks. They are told by the number in the name of the one that is known, and by when
// they were made. Copies are not shipped.
func TestRotatedToNumbersOfOnesOwn(t *testing.T) {
	for _, name := range []string{"a.log.%d.backup", "a.log.save%d", "archive/%d-of-a.txt", "a_2026112%d_done"} {
		for _, handles := range []bool{true, false} {
			t.Run(fmt.Sprint(name, handles), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, "a.log")
					h.noHandles = !handles
					h.must(os.Mkdir(h.path("archive"), 0o755))
					h.write(fmt.Sprintf(name, 9), 90, 99) // from before
					tick()
					h.write("a.log", 0, 9)
					h.session()
					h.write("a.log", 10, 19)
					for n := range 3 {
						h.rename("a.log", fmt.Sprintf(name, n+1))
						tick()
						if n == 1 {
							h.copyAll(fmt.Sprintf(name, 1), fmt.Sprintf(name, 5))
						}
						h.write("a.log", 10*n+20, 10*n+29)
					}
					h.sessionLong()
					h.want(texts(0, 49)...)
					h.noLoss()
				})
			})
		}
	}
}
