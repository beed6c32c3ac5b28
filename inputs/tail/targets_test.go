package tail

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"tailrace/inputs/tail/explain"
)

// pod makes what kubelet does: a link to the log of a container, in another
// directory and under another name.
func (h *host) pod() (log string) {
	h.t.Helper()
	h.must(os.MkdirAll(h.path("containers"), 0o755))
	h.must(os.MkdirAll(h.path("pods/u"), 0o755))
	h.must(os.Symlink("../pods/u/0.log", h.path("containers/c-1.log")))
	return "pods/u/0.log"
}

// What is rotated beside the file that a link leads to is of the family of the link.
func TestRotatedBehindLink(t *testing.T) {
	f := func(name string, rotate func(h *host, log string)) {
		for _, running := range []bool{true, false} {
			t.Run(name+map[bool]string{true: " running", false: " while down"}[running], func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, "containers/*.log")
					log := h.pod()
					h.write(log, 1, 2)
					h.start()
					h.settle()
					if !running {
						h.stop()
					}
					h.write(log, 3, 4)
					rotate(h, log)
					if !running {
						h.start()
					}
					h.settleLong()
					h.want(texts(1, 8)...)
					h.noLoss()
					h.stop()
				})
			})
		}
	}
	f("twice", func(h *host, log string) {
		h.rename(log, log+".20261123-100000")
		h.write(log, 5, 6)
		h.rename(log, log+".20261123-110000")
		h.write(log, 7, 8)
	})
	f("compressed", func(h *host, log string) {
		h.rename(log, log+".20261123-100000")
		h.compress(log+".20261123-100000", ".gz")
		h.write(log, 5, 8)
	})
	f("twice, one compressed", func(h *host, log string) {
		h.rename(log, log+".20261123-100000")
		h.write(log, 5, 6)
		h.compress(log+".20261123-100000", ".gz")
		h.rename(log, log+".20261123-110000")
		h.write(log, 7, 8)
	})
	f("copied and truncated", func(h *host, log string) {
		h.copyTruncate(log, log+".1")
		h.write(log, 5, 8)
	})
}

// A file that a pattern matches under its own path and by a link is read once, and
// so is what was rotated beside it, whatever path it went by.
func TestLinkToFollowedFile(t *testing.T) {
	for _, link := range []string{"containers/c-1.log", "zz/c-1.log"} {
		t.Run(link, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "*/*.log", "pods/*/*.log")
				log := h.pod()
				h.must(os.Mkdir(h.path("zz"), 0o755))
				h.must(os.Rename(h.path("containers/c-1.log"), h.path(link)))
				h.write(log, 1, 2)
				h.session()
				h.write(log, 3, 3)
				h.rename(log, log+".2")
				h.write(log, 4, 4)
				h.rename(log, log+".1")
				h.write(log, 5, 5)
				h.sessionLong()
				h.want(texts(1, 5)...)
				h.noLoss()
			})
		})
	}
}

// Nothing but the directory that a link leads to tells of writes to its file.
func TestTold(t *testing.T) {
	h := newHost(t, "containers/*.log")
	in := &Input{pats: Patterns(h.opts.Inputs)}
	log := h.pod()
	h.write(log, 1, 1)
	l, err := in.disk.Collect(h.path("containers"))
	h.must(err)
	in.noteTargets(l, true)
	link := h.path("containers/c-1.log")
	if got := in.links.To(h.path(log)); got != link {
		t.Errorf("a write to the file is one to %q", got)
	}
	if got := in.links.Home(link); got != h.path("pods/u") {
		t.Errorf("writes to the link are told of in %q", got)
	}
	h.write("pods/v.log", 1, 1)
	h.must(os.Remove(link))
	h.must(os.Symlink("../pods/v.log", link))
	l, err = in.disk.Collect(h.path("containers"))
	h.must(err)
	in.noteTargets(l, true)
	if got := in.links.Home(link); got != h.path("pods") || len(in.links.Dirs()) != 1 {
		t.Errorf("after a switch it is in %q, and in all in %v", got, in.links.Dirs())
	}
	in.links.Forget(link)
	if in.links.Target(link) != "" || len(in.links.Dirs()) != 0 {
		t.Error("not forgotten")
	}
}

// A link is switched more than once while nobody looks. What it led to in between is
// told by its place and by when it was made.
func TestLinkSwitchedOver(t *testing.T) {
	f := func(pattern, link, to, log string, handles, running bool) {
		t.Helper()
		t.Run(fmt.Sprint(pattern, " ", handles, running), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, pattern)
				h.noHandles = !handles
				write := func(name string, from, to int) {
					h.must(os.MkdirAll(filepath.Dir(h.path(name)), 0o755))
					h.write(name, from, to)
				}
				for n := range 4 {
					tick()
					write("app/other-1/a.log", 90+n, 90+n) // of another program
					h.append(fmt.Sprintf("app/a.2026112%d.err", n), "another\n")
					write(fmt.Sprintf(log, n+1), 10*n, 10*n+9)
					_ = os.Remove(h.path(link))
					h.must(os.Symlink(fmt.Sprintf(to, n+1), h.path(link)))
					switch n {
					case 0:
						h.start()
						h.settle()
						h.write(fmt.Sprintf(log, n+1), 100, 100)
						if !running {
							h.stop()
						}
					case 3:
						if !running {
							h.start()
						}
						h.settleLong()
					}
				}
				h.want(append(append(texts(0, 9), texts(100, 100)...), texts(10, 39)...)...)
				h.noLoss()
				h.append(fmt.Sprintf(log, 3), "late\n")
				h.settleLong()
				if h.got[len(h.got)-1] != "late" {
					t.Errorf("the last line is %q", h.got[len(h.got)-1])
				}
				h.stop()
			})
		})
	}
	for _, handles := range []bool{true, false} {
		for _, running := range []bool{true, false} {
			f("app/current/a.log", "app/current", "release-%d", "app/release-%d/a.log", handles, running)
			f("app/a.log", "app/a.log", "a.2026112%d.log", "app/a.2026112%d.log", handles, running)
			f("app/a.log", "app/a.log", "up/a.2026112%d.log", "app/up/a.2026112%d.log", handles, running)
		}
		f("app/current/log/a.log", "app/current", "release-%d", "app/release-%d/log/a.log", true, handles)
	}
}

// What a link leads to beside it is none of its rotated files, though its name says so.
func TestLinkToDatedName(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.write("a.log.20261122", 1, 1)
		h.start() // so that this one is not from before
		h.settle()
		h.write("a.log.20261123", 2, 3)
		h.must(os.Symlink("a.log.20261123", h.path("a.log")))
		h.settleLong()
		h.want(texts(2, 3)...)
		for _, a := range []explain.Answer{h.explain("a.log"), h.atRest("a.log")} {
			if len(a.Siblings) != 1 || a.Siblings[0].Path != h.path("a.log.20261122") {
				t.Errorf("rotated files: %+v", a.Siblings)
			}
		}
		h.write("a.log.20261123", 4, 4)
		h.settleLong()
		h.want(texts(2, 4)...)
		h.noLoss()
		h.stop()
	})
}

// A link is switched, and then removed, while what it leads to waits for lines before
// it, and cannot be held open: it is found where the link led to, far away.
func TestLinkLostWhileItWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "logs/a.log")
		h.noHandles, h.maxOpen = true, 1
		h.must(os.MkdirAll(h.path("logs"), 0o755))
		h.must(os.MkdirAll(h.path("far/away/from/it"), 0o755))
		for n, name := range []string{"alpha", "beta", "gamma", "delta"} {
			h.write("far/away/from/it/"+name, 10*n, 10*n+9)
			h.must(os.Symlink("../far/away/from/it/"+name, h.path("logs/tmp")))
			h.rename("logs/tmp", "logs/a.log")
			if n == 0 {
				h.start()
			}
			h.wait(2 * scanEvery) // and nothing is shipped
		}
		h.rename("far/away/from/it/delta", "far/away/from/it/delta.1")
		h.remove("logs/a.log")
		h.wait(2 * scanEvery)
		h.settleLong()
		h.want(texts(0, 39)...)
		h.noLoss()
		h.stop()
	})
}
