package tail

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"tailrace/agent/journal"
)

// Deleted files that wait to be read may take so much room; beyond that the one
// that was deleted first is given up, counted and named.
func TestHoldDeleted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.opts.HoldDeleted = 150 << 10
		big := strings.Repeat("x", 99) + "\n"
		for _, name := range []string{"b.log", "a.log", "c.log"} {
			h.append(name, strings.Repeat(big, 800))
		}
		h.start()
		h.wait(0)
		var want []journal.Loss
		for i, name := range []string{"b.log", "a.log", "c.log"} {
			h.remove(name)
			h.wait(2 * scanEvery)
			if i == 1 {
				want = append(want, journal.Loss{Path: h.path("b.log"), Cause: lostHeld, Bytes: 80_000, Lines: 800})
			}
			if i == 2 {
				want = append([]journal.Loss{{Path: h.path("a.log"), Cause: lostHeld, Bytes: 80_000, Lines: 800}}, want...)
			}
			if got := h.in.Stats().Losses; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("after %s: lost %v, want %v", name, got, want)
			}
		}
		h.settle()
		if len(h.got) != 800 || h.at[0] != "c.log@0" {
			t.Errorf("%d lines, %v", len(h.got), h.at[:1])
		}
		if n := h.logged("level=ERROR", "cause=hold_deleted", "lines=800"); n != 2 {
			t.Errorf("said %d times:\n%s", n, h.log)
		}
		h.stop()
	})
}

// An agent that ends lets go of deleted files: what was not read of them is counted
// by the next run, once, if it does not find it compressed.
func TestHeldAtTheEnd(t *testing.T) {
	for _, c := range []struct {
		name               string
		killed, compressed bool
	}{{name: "stopped"}, {name: "killed", killed: true}, {name: "compressed", compressed: true}} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "*.log")
				h.noHandles = true // else it is found by that while its writer has it open
				_, all := numbers(1, 150)
				h.append("a.log", strings.Join(all[:100], "\n")+"\n")
				h.append("b.log", "b\n")
				h.start()
				h.settle()
				h.append("a.log", strings.Join(all[100:], "\n")+"\n")
				writer, err := os.OpenFile(h.path("a.log"), os.O_APPEND|os.O_WRONLY, 0)
				h.must(err)
				defer writer.Close()
				h.wait(time.Second)
				h.rename("a.log", "a.log.1")
				h.append("a.log", "new\n")
				if c.compressed {
					h.compress("a.log.1", ".gz")
				} else {
					h.remove("a.log.1")
				}
				h.remove("b.log")
				h.wait(2 * time.Second)
				lost := int64(50 * 43)
				if c.killed {
					h.j.crash(100)
				} else if !c.compressed {
					_, err := writer.WriteString("half")
					h.must(err)
					h.wait(2 * time.Second)
					lost += 4
				}
				h.stop()
				h.got = nil
				h.start()
				h.settle()
				h.settle()
				var want []journal.Loss
				if c.compressed {
					h.want(append(all[100:], "new")...)
				} else {
					h.want("new")
					want = []journal.Loss{{Path: h.path("a.log"), Cause: lostDeleted, Bytes: lost}}
				}
				h.stop()
				h.start()
				h.settle()
				h.stop()
				var got []journal.Loss
				for _, r := range h.j.recs {
					if l := r.Lost; l != nil {
						got = append(got, journal.Loss{Path: l.Path, Cause: l.Cause, Bytes: l.Bytes})
					}
				}
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("lost %v, want %v", got, want)
				}
				if h.logged("level=ERROR") != len(want) || h.logged("level=WARN") > 0 {
					t.Errorf("log:\n%s", h.log)
				}
			})
		})
	}
}

// Without a limit all is read.
func TestHoldDeletedWithoutLimit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.append("a.log", strings.Repeat("line\n", 100_000))
		h.start()
		h.remove("a.log")
		h.wait(time.Hour)
		h.settle()
		if len(h.got) != 100_000 {
			t.Errorf("%d lines", len(h.got))
		}
		h.stop()
	})
}

// A file that is deleted when all of it was shipped, just before the agent ends, is no
// loss for the next run.
func TestDeletedJustBeforeTheEnd(t *testing.T) {
	for _, wait := range []time.Duration{0, time.Second / 4, tickEvery} {
		t.Run(wait.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "*.log")
				h.append("a.log", "a\n")
				h.append("b.log", "b\n")
				h.start()
				h.wait(time.Second)
				h.take()
				h.remove("a.log")
				h.wait(wait)
				h.stop()
				h.session()
				h.want("a", "b")
				h.noLoss()
			})
		})
	}
}
