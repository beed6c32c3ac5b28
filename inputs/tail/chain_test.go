package tail

import (
	"testing"
	"time"

	"tailrace/inputs/tail/explain"
)

// A file that was noted as history is numbered after the one that is at the path.
// That has a successor, which is the path's newest file after a restart, too:
// copies that are made of it while the agent is down are found.
func TestHistoryNotedLate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.write("a.log", 1, 3)
		h.start()
		h.settle()
		h.append("a.log.9", "history\n")
		h.age(time.Hour, "a.log.9")
		h.copyTruncate("a.log", "a.log.1")
		h.write("a.log", 4, 6)
		h.settle()
		h.copyTruncate("a.log", "a.log.0")
		h.wait(2 * time.Second)
		h.stop()
		for range 2 { // what is not read yet is in the journal then
			h.append("a.log", "")
			h.start()
			h.wait(time.Second)
			h.stop()
		}
		h.rename("a.log.1", "a.log.3")
		h.rename("a.log.0", "a.log.2")
		for _, to := range []string{"a.log.1", "a.log.0"} {
			n := 7 + 3*int('1'-to[len(to)-1])
			h.write("a.log", n, n+2)
			h.copyTruncate("a.log", to)
		}
		h.write("a.log", 13, 19)
		h.start()
		h.settle()
		h.want(texts(1, 19)...)
		for path, f := range h.in.tails {
			if f.now != path {
				t.Errorf("%s is the newest at %s", f.now, path)
			}
		}
		h.stop()
	})
}

// A path has a rotated file that is history, as on the host where the agent is started
// for the first time: what is at the path is its newest file after a restart, too. So
// half of a line is not shipped, and there is nothing to be told of a rotation.
func TestHistoryNotedFirst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log.1", "history\n")
		h.append("a.log", "1\n")
		h.session()
		for range 2 {
			if a := h.atRest("a.log"); len(a.Files) != 2 || a.Files[1].State != explain.Followed {
				t.Errorf("at rest: %+v", a.Files)
			}
			h.session()
		}
		h.start()
		h.append("a.log", "2\nhal")
		h.settle()
		h.want("1", "2")
		h.append("a.log", "f\n")
		h.settle()
		h.rename("a.log", "a.log.2")
		h.append("a.log", "3\n")
		h.settle()
		h.want("1", "2", "half", "3")
		h.stop()
	})
}
