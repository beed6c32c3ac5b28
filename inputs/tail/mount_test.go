package tail

import (
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

// mounted is a host with a file system of its own at mnt, which goes away and
// comes back with the same files.
func mounted(t *testing.T) (h *host, away, back func()) {
	h = newHost(t, "mnt/*.log")
	kept := t.TempDir()
	if err := unix.Mount("tmpfs", kept, "tmpfs", 0, ""); err != nil {
		t.Skip("needs the right to mount: ", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(kept, unix.MNT_DETACH) })
	mnt := h.path("mnt")
	h.must(os.Mkdir(mnt, 0o755))
	back = func() { h.must(unix.Mount(kept, mnt, "", unix.MS_BIND, "")) }
	away = func() { h.must(unix.Unmount(mnt, 0)) }
	back()
	t.Cleanup(func() { _ = unix.Unmount(mnt, unix.MNT_DETACH) })
	return h, away, back
}

// Files of a file system that is not mounted are neither gone nor lost: they
// are read on when it comes back, and nothing comes twice.
func TestUnmounted(t *testing.T) {
	for name, f := range map[string]func(h *host, away, back func()){
		"while it runs": func(h *host, away, back func()) {
			h.wait(10 * time.Second) // closed by then
			away()
			h.wait(3 * time.Hour)
			h.settle()
			back()
		},
		"while it is down": func(h *host, away, back func()) {
			h.stop()
			away()
			h.start()
			h.wait(3 * time.Hour)
			back()
		},
		"while it is down, with lines to send again": func(h *host, away, back func()) {
			h.append("mnt/a.log", linesOf(200, 300))
			h.wait(time.Second)
			var c flow.Chunk
			h.next(&c, readSize)
			s := c.Span(0, c.Lines())
			h.j.intent(s)
			h.stop()
			away()
			h.start()
			for range 3 {
				if err := h.in.Fetch(s, &c); err == nil || errors.Is(err, flow.ErrGone) {
					h.t.Errorf("while it is away: %v", err)
				}
				h.wait(10 * scanEvery)
			}
			back()
			h.wait(scanEvery)
			if err := h.in.Fetch(s, &c); err != nil {
				h.t.Error(err)
			}
			h.j.ack(s)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h, away, back := mounted(t)
				h.append("mnt/a.log", linesOf(0, 200))
				h.append("mnt/old.log", linesOf(1000, 1200))
				h.start()
				h.settle()
				shipped := len(h.got)
				f(h, away, back)
				h.settle()
				h.append("mnt/a.log", "back\n")
				h.settle()
				want := shipped + 1
				if name == "while it is down, with lines to send again" {
					want += 100
				}
				if len(h.got) != want || h.got[len(h.got)-1] != "back" {
					t.Errorf("%d lines, want %d", len(h.got), want)
				}
				if h.logged("lost") != 0 || len(h.in.Stats().Lost) != 0 {
					t.Errorf("lost %v, log:\n%s", h.in.Stats().Lost, h.log)
				}
				h.stop()
			})
		})
	}
}

// After a reboot the file system may have another device number: its files are
// the same, and one that is gone is not waited for.
func TestDeviceNumberChanges(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log", "sub/*.log")
		h.must(os.Mkdir(h.path("sub"), 0o755))
		for _, name := range []string{"a.log", "b.log", "sub/c.log"} {
			h.append(name, linesOf(0, 200))
		}
		h.session()
		if h.j.files()[0].Birth == 0 {
			t.Skip("the file system does not tell when a file was made")
		}
		for _, r := range h.j.recs {
			if r.File != nil {
				r.File.Dev++
			}
		}
		shipped := len(h.got)
		h.append("a.log", "1\n")
		h.rename("b.log", "b.log.1")
		h.append("b.log", "2\n")
		h.remove("sub/c.log")
		h.start()
		h.settle()
		if got := h.got[shipped:]; len(got) != 2 {
			t.Errorf("shipped %q", got)
		}
		if h.logged("not mounted") != 0 || h.logged("nowhere", "c.log") != 1 {
			t.Errorf("log:\n%s", h.log)
		}
		h.stop()
	})
}

// A file on a file system that is not mounted is not looked for in compressed
// files, also when the directories near were searched a moment ago.
func TestUnmountedIsNotSought(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h, away, back := mounted(t)
		h.noHandles = true
		h.append("mnt/a.log", linesOf(0, 200))
		h.start()
		h.settle()
		h.wait(10 * time.Second) // closed by then
		h.must(h.in.ask(t.Context(), func() { h.in.nearAgain = time.Now().Add(time.Minute) }))
		away()
		h.wait(30 * time.Second)
		h.must(h.in.ask(t.Context(), func() {
			for _, f := range h.in.files {
				if f.has(sought) || !f.away || f.state != following {
					t.Errorf("%s: sought %v, away %v, state %d", f.now, f.has(sought), f.away, f.state)
				}
			}
		}))
		back()
		h.settle()
		h.append("mnt/a.log", "back\n")
		h.settle()
		if len(h.got) != 201 {
			t.Errorf("%d lines, want 201:\n%s", len(h.got), h.log)
		}
		h.stop()
	})
}
