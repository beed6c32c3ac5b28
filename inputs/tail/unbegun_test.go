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

// While it is found out what is in the compressed file before them, new logs are rotated
// and compressed, or copied and deleted, one after the other.
func TestNewLogsAreRotated(t *testing.T) {
	for name, rotate := range map[string]func(h *host, n int){
		"compressed": func(h *host, _ int) { h.packRotated("a.log", ".gz") },
		"copied":     func(h *host, _ int) { h.copyAll("a.log", "a.log.1"); h.remove("a.log") },
		"the first deleted": func(h *host, n int) {
			if n == 7 {
				h.remove("a.log")
			} else {
				h.rename("a.log", "a.log.1")
			}
		},
		"the first deleted, others compressed": func(h *host, n int) {
			if n == 7 {
				h.remove("a.log")
			} else {
				h.packRotated("a.log", ".gz")
			}
		},
	} {
		for i := range 4 {
			paused, pattern := i%2 > 0, []string{"a.log", "a.log*"}[i/2]
			t.Run(name+" "+pattern, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, pattern)
					h.write("a.log", 1, 2)
					h.start()
					h.settle()
					h.write("a.log", 3, 4)
					h.packRotated("a.log", ".gz")
					h.write("a.log", 5, 6)
					h.wait(time.Second)
					for n := 7; n < 15; n += 2 {
						h.shift("a.log", 6)
						rotate(h, n)
						h.write("a.log", n, n+1)
						if paused {
							h.wait(time.Second)
						}
					}
					h.settleLong()
					h.want(texts(1, 14)...)
					h.noLoss()
					h.stop()
					h.sessionLong()
					h.want(texts(1, 14)...)
				})
			})
		}
	}
}
