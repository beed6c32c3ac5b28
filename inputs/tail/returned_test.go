package tail

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// All files of a directory are gone, and come back as copies, as from a backup:
// those that were read to their end, rotated or not, are not shipped again, however
// long they were away, and lines that are new in them are.
func TestReturned(t *testing.T) {
	f := func(name, pattern string, away func(h *host, back func())) {
		t.Run(name+", "+pattern, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, pattern)
				h.must(os.Mkdir(h.path("m"), 0o755))
				h.write("m/a.log", 1, 50)
				h.write("m/b.log", 101, 150)
				h.start()
				h.settle()
				h.rename("m/a.log", "m/a.log.1")
				h.write("m/a.log", 51, 100)
				h.settle()
				h.wait(time.Minute) // closed by then
				h.got = nil
				files := map[string][]byte{}
				names, err := filepath.Glob(h.path("m/*"))
				h.must(err)
				for _, name := range names {
					files[name], err = os.ReadFile(name)
					h.must(err)
				}
				back := func() {
					h.must(os.Mkdir(h.path("new"), 0o755))
					for name, p := range files {
						h.must(os.WriteFile(filepath.Join(h.path("new"), filepath.Base(name)), p, 0o644))
					}
					h.append("new/a.log", "more\n")
					h.append("new/a.log.1", "late\n")
					h.must(os.RemoveAll(h.path("m")))
					h.rename("new", "m")
				}
				away(h, back)
				h.wait(time.Minute)
				h.settle()
				h.stop()
				h.session() // nothing comes again
				slices.Sort(h.got)
				h.want("late", "more")
			})
		})
	}
	for _, pattern := range []string{"m/*.log", "m/*.log*"} {
		f("while it is down", pattern, func(h *host, back func()) {
			h.stop()
			back()
			h.start()
		})
		for _, d := range []time.Duration{time.Minute, 3 * time.Hour} {
			f(fmt.Sprintf("gone for %v of a run", d), pattern, func(h *host, back func()) {
				h.stop()
				h.must(os.RemoveAll(h.path("m")))
				h.start()
				h.wait(d)
				h.stop()
				back()
				h.start()
			})
			f(fmt.Sprintf("while it runs, after %v", d), pattern, func(h *host, back func()) {
				h.must(os.RemoveAll(h.path("m")))
				h.wait(d)
				back()
			})
		}
	}
}
