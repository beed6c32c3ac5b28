package tail

import (
	"os"
	"testing"
	"time"

	"tailrace/inputs/tail/record"
)

// A log with space behind its lines waits to be read, and is cut to its length: nothing
// of it is lost.
func TestSpaceIsCutUnread(t *testing.T) {
	for name, first := range map[string]bool{"some was read": true, "nothing was read": false} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "*.log")
				h.prepared("a.log", long+"\n")
				h.start()
				if first {
					h.take()
				}
				h.overwrite("a.log", int64(len(long)+1), "more\n")
				h.wait(5 * time.Second)
				h.must(os.Truncate(h.path("a.log"), int64(len(long)+1+5)))
				h.wait(5 * time.Second)
				h.settle()
				h.want(long, "more")
				h.noLoss()
				h.stop()
			})
		})
	}
}

// All lines of a log with space behind them were read. It is deleted while
// no agent runs: that a line of it is lost is not known.
func TestSpaceIsDeletedWhileDown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.prepared("a.log", long+"\n")
		h.session()
		h.remove("a.log")
		h.session()
		h.want(long)
		if n := h.logged("lines are lost"); n > 0 {
			t.Errorf("log:\n%s", h.log)
		}
	})
}

// What is cut off with the space is counted, and no more than that.
func TestLinesAreCutWithSpace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.prepared("a.log", long+"\n")
		h.start()
		h.take()
		h.overwrite("a.log", int64(len(long)+1), "more\nlost\n")
		h.wait(5 * time.Second)
		h.must(os.Truncate(h.path("a.log"), int64(len(long)+1+5)))
		h.wait(5 * time.Second)
		h.settle()
		h.want(long, "more")
		if l := h.in.Stats().Losses; len(l) != 1 || l[0].Bytes != int64(len("lost\n")) {
			t.Errorf("lost: %+v", l)
		}
		h.stop()
	})
}

// A program ends within a line, with space behind it: the line waits for its other half
// while the log is at its path, and is shipped without the space when it was rotated,
// however large that is.
func TestSpaceBehindHalfALine(t *testing.T) {
	for name, size := range map[string]int64{"short": 200, "long": 8 << 10, "more than a read": 600 << 10, "more than a line": 3 << 20} {
		for form, o := range map[string]record.Options{"lines": {}, "json": {Format: record.JSON}, "gbk": {Encoding: "gbk"}} {
			t.Run(name+" "+form, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, "*.log")
					h.opts.Inputs[0].Record = o
					h.append("a.log", long+"\nha")
					h.must(os.Truncate(h.path("a.log"), size))
					h.start()
					h.settle()
					if len(h.got) != 1 {
						t.Fatalf("shipped %d records: %.200q", len(h.got), h.got)
					}
					h.overwrite("a.log", int64(len(long)+3), "lf\nand a ha")
					h.settle()
					h.rename("a.log", "a.log.1")
					h.append("a.log", "next\n")
					h.settle()
					if o.Format == "" {
						h.want(long, "half", "and a ha", "next")
					} else if len(h.got) != 4 || len(h.got[2]) > 300 {
						t.Errorf("shipped %.2000q", h.got)
					}
					if n := h.logged("level=WARN") + h.logged("level=ERROR"); n > 0 || h.in.Topics()[0].Backlog != 0 {
						t.Errorf("%+v, log:\n%s", h.in.Topics(), h.log)
					}
					h.stop()
					h.session()
					if len(h.got) != 4 {
						t.Errorf("shipped %.2000q", h.got)
					}
				})
			})
		}
	}
}

// The last record of several lines is shipped though there is space behind it.
func TestSpaceBehindARecord(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		h.opts.Inputs[0].Record = record.Options{Multiline: record.Multiline{Start: `^\S`}}
		h.prepared("a.log", long+"\none\n two\n")
		h.start()
		h.settle()
		h.want(long, "one\n two")
		h.overwrite("a.log", int64(len(long)+1+9), "three\n four\n")
		h.settle()
		h.want(long, "one\n two", "three\n four")
		h.stop()
	})
}
