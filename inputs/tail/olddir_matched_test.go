package tail

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// oldDir rotates a log into a directory and compresses it there, as logrotate does.
type oldDir struct {
	*host
	how          string // "rename", "copy" or "renamecopy", of logrotate's directives
	dir          string // where rotated logs go
	delay, dated bool
	n            int
	// then is called after each step.
	then func(step int)
}

// name is that of the i-th newest rotated log.
func (o *oldDir) name(i int) string {
	if o.dated {
		return fmt.Sprintf("%s/a.log-20260101%02d", o.dir, o.n-i)
	}
	return fmt.Sprintf("%s/a.log.%d", o.dir, i)
}

func (o *oldDir) rotate() {
	o.t.Helper()
	if o.delay && o.n > 0 {
		o.compress(o.name(1), ".gz")
	}
	if !o.dated {
		for i := o.n; i > 0; i-- {
			o.rename(o.name(i)+".gz", o.name(i+1)+".gz")
		}
	}
	o.n++
	o.move("a.log", o.name(1))
	o.then(1)
	o.wait(time.Millisecond)
	o.then(2)
	if !o.delay {
		o.compress(o.name(1), ".gz")
	}
	o.then(3)
}

// move empties the log: what it had is in the file to then.
func (o *oldDir) move(name, to string) {
	o.t.Helper()
	switch o.how {
	case "copy":
		st, err := os.Stat(o.path(name))
		o.must(err)
		o.must(os.WriteFile(o.path(to), o.plain(name), 0o644))
		o.setTimes(to, st)
		o.then(0)
		o.empty(name)
	case "rename":
		o.rename(name, to)
		o.then(0)
		o.append(name, "")
	case "renamecopy":
		o.rename(name, name+".tmp")
		o.append(name, "")
		o.then(0)
		o.must(os.WriteFile(o.path(to), o.plain(name+".tmp"), 0o644))
		o.remove(name + ".tmp")
	}
}

// A pattern matches the directory, too, that a log is rotated to, and that is looked at
// before the one of the log, or after it, whatever the rotation has done by then.
func TestOldDirMatched(t *testing.T) {
	run := func(name string, o oldDir, down bool, look func(h *host, step int)) {
		t.Run(fmt.Sprintf("%s to %s delay=%v dated=%v %s", o.how, o.dir, o.delay, o.dated, name), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "**")
				o.host, o.then = h, func(step int) { look(h, step) }
				h.append("a.log", "")
				h.must(os.MkdirAll(h.path(o.dir), 0o755))
				h.start()
				last := 0
				write := func(n int) {
					h.write("a.log", last+1, last+n)
					last += n
				}
				for range 3 {
					write(10)
					for range 8 {
						h.take()
						h.wait(250 * time.Millisecond)
					}
					if down {
						h.stop()
						write(3)
					}
					o.rotate()
					if down {
						h.start()
					}
					h.settleLong()
				}
				h.stop()
				h.want(texts(1, last)...)
				h.noLoss()
			})
		})
	}
	for i := range 12 {
		o := oldDir{how: []string{"rename", "copy", "renamecopy"}[i/4], delay: i&1 > 0, dated: i&2 > 0}
		o.dir = []string{"old", "old/deep"}[i&1]
		run("while down", o, true, func(*host, int) {})
		for _, looks := range []uint{0, 1, 2, 3, 4, 8, 12, 16, 32, 48, 64, 128, 192, 0x22, 0x28, 0x82, 0xaa, 0x88, 0xff} {
			run(fmt.Sprintf("looks=%08b", looks), o, false, func(h *host, step int) {
				for k, dir := range []string{"", o.dir} {
					if looks>>(2*step+k)&1 > 0 {
						h.must(h.in.ask(h.t.Context(), func() { h.in.look(h.path(dir)) }))
					}
				}
			})
		}
	}
}
