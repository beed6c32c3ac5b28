package tail

import (
	"os"
	"testing"
	"time"
)

// A file with space behind its lines is deleted after the ack like any other, whoever
// has seen that space, but not while it may hold a line.
func TestDeleteWithSpace(t *testing.T) {
	for name, again := range map[string]bool{"one run": false, "seen by the run before": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := deletes(t, "*.log*")
				h.prepared("a.log.1", long+"\n")
				h.append("a.log", "next\n")
				h.age(time.Minute, "a.log", "a.log.1")
				h.start()
				h.settle()
				if again {
					h.stop()
					h.start()
					h.settle()
				}
				h.wait(testDelete)
				h.wait(2 * scanEvery)
				h.there()
				h.want(long, "next")
				h.noLoss()
				h.stop()
			})
		})
	}
}

// What is written into the space at the last moment keeps the file from being deleted
// before it is shipped.
func TestDeleteWithSpaceFilled(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := deletes(t, "*.log")
		h.prepared("a.log", long+"\n")
		h.age(time.Minute, "a.log")
		filled := false
		h.before = func(call, path string) error {
			if call == "lease" && !filled {
				filled = true
				st := must2(os.Stat(h.path("a.log")))
				h.overwrite("a.log", int64(len(long)+1), "more\n")
				h.setTimes("a.log", st)
			}
			return nil
		}
		h.start()
		h.settle()
		h.wait(testDelete)
		h.settle()
		h.want(long, "more")
		h.there()
		h.stop()
		if !filled {
			t.Error("nothing was to be deleted")
		}
	})
}
