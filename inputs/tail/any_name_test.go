package tail

import (
	"os"
	"strings"
	"testing"
	"time"

	"tailrace/inputs/tail/unpack/unpacktest"
)

// What is unread of a log is found by its content under a name that no rotation
// gives, compressed or copied, beside the log and in directories near.
func TestAnyName(t *testing.T) {
	rest := func(h *host) { h.write("app/a.log", 4, 5) }
	next := func(h *host) { h.write("app/a.log", 6, 7) }
	cut := func(h *host) { h.must(os.Truncate(h.path("app/a.log"), 0)) }
	cases := []struct {
		name string
		do   func(h *host)
	}{
		{"renamed and compressed", func(h *host) {
			h.rename("app/a.log", "app/a.log.save")
			h.compress("app/a.log.save", ".gz")
		}},
		{"to another name at all", func(h *host) {
			h.rename("app/a.log", "app/kept-by-hand")
			h.compress("app/kept-by-hand", ".zst")
		}},
		{"in a directory near", func(h *host) {
			h.rename("app/a.log", "other/kept")
			h.compress("other/kept", ".gz")
		}},
		{"compressed copy, then truncated", func(h *host) {
			h.compressTo("app/a.log", "app/save.gz")
			cut(h)
		}},
		{"compressed copy near, then truncated", func(h *host) {
			h.compressTo("app/a.log", "other/save.xz")
			cut(h)
		}},
		{"several compressed copies", func(h *host) {
			h.compressTo("app/a.log", "app/1.gz")
			h.append("app/a.log", "one more\n")
			h.compressTo("app/a.log", "app/0.gz")
			h.compressTo("app/a.log", "other/2.gz")
			cut(h)
		}},
		{"plain copy near, then truncated", func(h *host) {
			h.must(os.WriteFile(h.path("other/name"), []byte(h.read("app/a.log")), 0o644))
			cut(h)
		}},
	}
	for _, name := range []string{"a.log.bak", "a.bak", "x.tmp", "a.log~", "a.log.swp"} {
		cases = append(cases, struct {
			name string
			do   func(h *host)
		}{"copy to " + name + ", then truncated", func(h *host) {
			h.must(os.WriteFile(h.path("app/"+name), []byte(h.read("app/a.log")), 0o644))
			cut(h)
		}})
	}
	for _, c := range cases {
		for _, pattern := range []string{"app/*.log", "app/*"} {
			if pattern == "app/*" && (strings.HasPrefix(c.name, "several") || strings.HasPrefix(c.name, "copy to")) {
				continue // they are followed for themselves
			}
			for _, running := range []bool{false, true} {
				name := c.name + ", " + pattern
				if running {
					name += ", running"
				}
				t.Run(name, func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						h := newHost(t, pattern)
						h.noHandles = true
						for _, dir := range []string{"app", "other"} {
							h.must(os.Mkdir(h.path(dir), 0o755))
						}
						h.write("app/a.log", 1, 3)
						h.start()
						h.settle()
						if running {
							h.wait(time.Minute) // it is idle, and closed
						} else {
							h.stop()
						}
						rest(h)
						// another program's, that begins otherwise
						h.must(os.WriteFile(h.path("other/b.gz"), unpacktest.Pack(h.t, "b.gz", []byte(strings.Repeat("another\n", 100))), 0o644))
						c.do(h)
						next(h)
						if !running {
							h.start()
						}
						h.settleLong()
						want := texts(1, 5)
						if strings.HasPrefix(c.name, "several") {
							want = append(want, "one more")
						}
						want = append(want, texts(6, 7)...)
						h.want(want...)
						h.noLoss()
						h.stop()
						h.got = nil
						h.sessionLong()
						h.want()
					})
				})
			}
		}
	}
}

// A file that was renamed to any name, and read there to its end, is known again
// when it is compressed under a name that the pattern matches.
func TestAnyNameRead(t *testing.T) {
	for _, restart := range []bool{false, true} {
		bubble(t, func(t *testing.T) {
			h := newHost(t, "a*")
			again := func() {
				if restart {
					h.stop()
					h.start()
				}
				h.settleLong()
			}
			h.write("a.log", 1, 3)
			h.start()
			h.settle()
			h.rename("a.log", "a.log.save")
			h.write("a.log", 4, 5)
			again()
			h.compress("a.log.save", ".gz")
			again()
			h.write("a.log", 6, 7)
			again()
			h.want(texts(1, 7)...)
			h.noLoss()
			h.stop()
		})
	}
}
