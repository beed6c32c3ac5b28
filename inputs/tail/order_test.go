package tail

import (
	"fmt"
	"os"
	"slices"
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

// Numbers, births and last writes in some unit, and what is older than what.
func TestOrder(t *testing.T) {
	type file struct {
		number     int
		birth, mod int64
		known      bool
	}
	f := func(name string, files []file, want ...int) {
		t.Helper()
		var family []member
		for _, f := range files {
			e := entry{mtime: f.mod}
			e.key.birth = f.birth
			family = append(family, member{entry: e, gen: generation{kind: 1, number: f.number}, known: f.known})
		}
		inOrder(family)
		var got []int
		for _, m := range family {
			got = append(got, m.gen.number)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: oldest first %d, want %d", name, got, want)
		}
	}
	f("up", []file{{1, 1, 2, false}, {2, 2, 3, false}, {3, 3, 4, false}}, 1, 2, 3)
	f("down", []file{{1, 3, 4, false}, {2, 2, 3, false}, {3, 1, 2, false}}, 3, 2, 1)
	f("a ring", []file{{1, 4, 5, false}, {2, 2, 3, false}, {3, 3, 4, false}}, 2, 3, 1)
	f("births are not known", []file{{1, 0, 2, false}, {2, 0, 3, false}}, 1, 2)
	f("down, made at once, and the older one got a late line", []file{{1, 1, 2, false}, {2, 1, 3, false}}, 2, 1)
	f("one that was read got a late line", []file{{1, 1, 4, true}, {2, 2, 3, false}}, 1, 2)
	f("one of three got a late line", []file{{1, 1, 4, false}, {2, 2, 3, false}, {3, 3, 5, false}}, 1, 2, 3)
	f("down, the older one got a late line and was compressed first", []file{{1, 8, 4, false}, {2, 7, 5, false}}, 2, 1)
	f("down, one that was read got a late line, the next was compressed", []file{{1, 8, 5, false}, {2, 1, 6, true}}, 2, 1)
	f("up, the older one got a late line", []file{{1, 1, 4, false}, {2, 2, 3, false}}, 1, 2)
	f("up, the older one was read and compressed last", []file{{1, 8, 4, true}, {2, 7, 5, false}}, 1, 2)
	f("up, compressed", []file{{1, 7, 4, false}, {2, 8, 5, false}}, 1, 2)
	f("all were touched", []file{{1, 1, 9, false}, {2, 2, 9, false}, {3, 3, 9, false}}, 1, 2, 3)
}
