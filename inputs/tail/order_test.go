package tail

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// ring is a log that is rotated by numbers.
type ring struct {
	h    *host
	log  string
	form string // of the rotated names
	down bool   // the newest is number 1, and the others are moved for that
	size int    // how many numbers there are; 0: any
	copy bool   // it is copied and truncated
	pack string // the rotated files are compressed so
	n    int    // rotations
	line int
}

// write appends lines to the log, and waits for a moment, as births are told in
// steps.
func (r *ring) write(lines int) {
	r.h.write(r.log, r.line+1, r.line+lines)
	r.line += lines
	later(12 * time.Millisecond)
}

func (r *ring) name(n int) string { return fmt.Sprintf(r.form, n) }

func (r *ring) rotate() {
	r.n++
	to := r.name(r.n)
	if r.size > 0 {
		to = r.name(1 + (r.n-1)%r.size)
	}
	if r.down {
		for i := r.n - 1; i > 0; i-- {
			r.h.rename(r.name(i)+r.pack, r.name(i+1)+r.pack)
		}
		to = r.name(1)
	}
	if r.copy {
		r.h.copyTruncate(r.log, to)
	} else {
		r.h.rename(r.log, to)
	}
	later(12 * time.Millisecond)
	if r.pack != "" {
		r.h.compress(to, r.pack)
	}
}

// Numbers count upwards or downwards, or begin again, in several forms: what was
// rotated while nobody looked is read in the order of time.
func TestNumbersCountAnyWay(t *testing.T) {
	f := func(name, pattern string, before int, r ring) {
		t.Run(fmt.Sprintf("%s, %s of %s after %d", name, r.form, pattern, before), func(t *testing.T) {
			bubble(t, func(t *testing.T) { r.history(newHost(t, pattern), before) })
		})
	}
	for _, kind := range []struct {
		name string
		ring
	}{
		{"up", ring{}}, {"down", ring{down: true}}, {"ring", ring{size: 5}},
		{"up copied", ring{copy: true}}, {"down copied", ring{down: true, copy: true}},
		{"up packed", ring{pack: ".gz"}}, {"down packed", ring{down: true, pack: ".gz"}},
	} {
		kind.log, kind.form = "app.log", "app.log.%d"
		f(kind.name, "app.log", 0, kind.ring)
		f(kind.name, "app.log", 2, kind.ring)
		f(kind.name, "app*", 0, kind.ring)
		f(kind.name, "app*", 2, kind.ring)
	}
	f("up", "app.log", 2, ring{log: "app.log", form: "app.%d.log"})
	f("up", "app*", 2, ring{log: "app.log", form: "app-%d.log"})
	f("up packed", "app*.log", 0, ring{log: "app.log", form: "app-%d.log", pack: ".gz"})
	f("up", "app*", 0, ring{log: "app.log", form: "app.%d"})
	f("up", "app", 2, ring{log: "app", form: "app_%d"})
}

// history has an agent see the log after some rotations, and then three more.
func (r *ring) history(h *host, before int) {
	r.h = h
	for range before {
		r.write(3)
		r.rotate()
	}
	r.write(3)
	h.sessionLong()
	h.got = nil
	for range 3 {
		r.write(3)
		r.rotate()
	}
	r.write(3)
	h.start()
	h.settleLong()
	h.want(texts(3*(before+1)+1, r.line)...)
	h.stop()
}

// Times that were set anew tell less: others of the family tell the direction.
func TestNumbersAndOtherTimes(t *testing.T) {
	f := func(name string, rotations int, down bool, change func(r *ring)) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "app.log")
				r := &ring{h: h, log: "app.log", form: "app.log.%d", down: down}
				r.write(3)
				h.session()
				for range rotations {
					r.write(3)
					r.rotate()
				}
				r.write(3)
				change(r)
				h.session()
				h.want(texts(1, r.line)...)
			})
		})
	}
	for _, down := range []bool{false, true} {
		way := map[bool]string{false: "up", true: "down"}[down]
		f(way+", one was touched", 4, down, func(r *ring) {
			now := realNow()
			r.h.must(os.Chtimes(r.h.path("app.log.2"), now, now))
		})
		f(way+", all were touched", 4, down, func(r *ring) {
			now := realNow()
			for i := range 4 {
				r.h.must(os.Chtimes(r.h.path(r.name(i+1)), now, now))
			}
		})
		f(way+", a late line", 4, down, func(r *ring) {
			now := realNow()
			oldest := r.name(map[bool]int{false: 1, true: 4}[down])
			r.h.must(os.Chtimes(r.h.path(oldest), now, now))
		})
	}
	f("up, a late line before all that is unknown", 2, false, func(r *ring) {
		now := realNow()
		r.h.must(os.Chtimes(r.h.path("app.log.1"), now, now))
	})
}
