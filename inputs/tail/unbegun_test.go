package tail

import (
	"os"
	"testing"
	"time"
)

// While it is found out what is in the compressed file before it, a new log loses its
// name: it is read all the same, in its place of the order.
func TestNewLogLosesItsName(t *testing.T) {
	for name, lose := range map[string]func(h *host, log string){
		"deleted":                    func(h *host, log string) { h.remove(log) },
		"under an odd name":          func(h *host, log string) { h.rename(log, "pods/u/kept") },
		"elsewhere":                  func(h *host, log string) { h.must(os.Mkdir(h.path("x"), 0o755)); h.rename(log, "x/kept") },
		"and is followed by another": func(h *host, log string) { h.remove(log); h.write(log, 7, 8) },
	} {
		for _, running := range []bool{true, false} {
			for _, link := range []bool{true, false} {
				t.Run(name+map[bool]string{true: " running", false: " down"}[running]+map[bool]string{true: " link"}[link], func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						pattern := map[bool]string{true: "containers/*.log", false: "pods/u/0.log"}[link]
						h := newHost(t, pattern)
						log := h.pod()
						h.write(log, 1, 2)
						h.start()
						h.settle()
						if !running {
							h.stop()
						}
						h.write(log, 3, 4)
						h.rename(log, log+".20261123-100000")
						h.compress(log+".20261123-100000", ".gz")
						h.write(log, 5, 6)
						if !running {
							h.start()
						}
						h.wait(time.Second)
						lose(h, log)
						if link && name == "deleted" {
							h.remove("containers/c-1.log")
						}
						h.settleLong()
						want := texts(1, 6)
						if h.exists(log) {
							want = texts(1, 8)
						}
						h.want(want...)
						h.noLoss()
						h.stop()
					})
				})
			}
		}
	}
}

// A link is removed while what it led to waits so; the log behind it is still there.
func TestLinkIsRemovedWhileItsLogWaits(t *testing.T) {
	for _, back := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			h := newHost(t, "containers/*.log")
			log := h.pod()
			h.write(log, 1, 2)
			h.start()
			h.settle()
			h.write(log, 3, 4)
			h.rename(log, log+".20261123-100000")
			h.compress(log+".20261123-100000", ".gz")
			h.write(log, 5, 6)
			h.wait(time.Second)
			h.remove("containers/c-1.log")
			h.wait(3 * time.Second)
			if back {
				h.must(os.Symlink("../pods/u/0.log", h.path("containers/c-1.log")))
			}
			h.settleLong()
			h.want(texts(1, 6)...)
			h.noLoss()
			h.stop()
		})
	}
}
