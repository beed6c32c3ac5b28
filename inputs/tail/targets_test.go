package tail

import (
	"os"
	"testing"
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
	in := &Input{pats: newPatterns(h.opts.Inputs), targets: targets{of: map[string]string{}, links: map[string][]string{}}}
	log := h.pod()
	h.write(log, 1, 1)
	l, err := in.disk.collect(h.path("containers"))
	h.must(err)
	in.noteTargets(l)
	link := h.path("containers/c-1.log")
	if got := in.targets.to(h.path(log)); got != link {
		t.Errorf("a write to the file is one to %q", got)
	}
	if got := in.targets.home(link); got != h.path("pods/u") {
		t.Errorf("writes to the link are told of in %q", got)
	}
	h.write("pods/v.log", 1, 1)
	h.must(os.Remove(link))
	h.must(os.Symlink("../pods/v.log", link))
	l, err = in.disk.collect(h.path("containers"))
	h.must(err)
	in.noteTargets(l)
	if got := in.targets.home(link); got != h.path("pods") || len(in.targets.links) != 1 {
		t.Errorf("after a switch it is in %q, and in all in %v", got, in.targets.links)
	}
	in.targets.forget(link)
	if len(in.targets.of)+len(in.targets.links) != 0 {
		t.Error("not forgotten")
	}
}
