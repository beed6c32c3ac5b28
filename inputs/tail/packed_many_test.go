package tail

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"tailrace/agent/flow"
)

// rotateCompressed rotates a.log, of which there were so many rotations, as logrotate
// does with compress and delaycompress.
func (h *host) rotateCompressed(before int) {
	for old := before; old > 1; old-- {
		if from := fmt.Sprintf("a.log.%d.gz", old); h.exists(from) {
			h.rename(from, fmt.Sprintf("a.log.%d.gz", old+1))
		}
	}
	if h.exists("a.log.1") {
		h.rename("a.log.1", "a.log.2")
		h.compress("a.log.2", ".gz")
	}
	h.rename("a.log", "a.log.1")
}

// A log is rotated and compressed again and again while nothing is read, as when
// no broker is there: more files wait than may be held open. Then the agent is
// killed, and started again: of the oldest file a part was read, of the others
// nothing, and each is known in its compressed form.
func TestManyCompressedUnread(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.maxOpen = 10
		const generations = 90
		h.write("a.log", 1, 20)
		h.start()
		h.wait(time.Second)
		var c flow.Chunk
		h.next(&c, 500)
		h.j.intent(c.Span(0, c.Lines()))
		h.j.ack(c.Span(0, c.Lines()))
		for n := 1; n < generations; n++ {
			h.wait(15 * time.Second)
			h.rotateCompressed(n)
			h.write("a.log", n*20+1, n*20+20)
		}
		h.wait(15 * time.Second)
		h.stop()
		h.start()
		h.wait(time.Minute)
		for range 2 * generations { // each waits for the one before it
			h.take()
			h.wait(2 * time.Second)
		}
		h.want(texts(1, generations*20)...)
		h.noLoss()
		h.stop()
	})
}

// Compressed files of which it is known whose they are, and that wait, are not
// decompressed again when the next rotation renames them.
func TestRenamedIsNotDecompressed(t *testing.T) {
	reads := func(generations int) int64 {
		var n atomic.Int64
		bubble(t, func(t *testing.T) {
			h := newHost(t, "a.log")
			var count atomic.Bool
			h.before = func(call, path string) error {
				if count.Load() && call == "pread" {
					n.Add(1)
				}
				return nil
			}
			h.write("a.log", 1, 20)
			h.start()
			for g := 1; g < generations; g++ {
				h.wait(15 * time.Second)
				count.Store(g == generations-1)
				h.rotateCompressed(g)
				h.write("a.log", g*100+1, g*100+20+g) // each of another size
			}
			h.wait(15 * time.Second)
			count.Store(false)
			h.stop()
		})
		return n.Load()
	}
	if few, many := reads(10), reads(40); many > few+10 {
		t.Errorf("with 10 generations a rotation costs %d reads, with 40 %d", few, many)
	}
}
