package tail

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// All logs of a directory are rotated to another one for the first time while the agent
// is down, and few bytes were read of each: where they are is told by these bytes, and by
// the other logs where there are none.
func TestOldDirOfShortLogs(t *testing.T) {
	for name, rotate := range map[string]func(h *host, from, to string){
		"renamed and compressed": func(h *host, from, to string) { h.rename(from, to); h.compress(to, ".gz") },
		"copied and truncated":   func(h *host, from, to string) { h.copyTruncate(from, to) },
		"copied and compressed":  func(h *host, from, to string) { h.copyTruncate(from, to); h.compress(to, ".gz") },
		"renamed and copied": func(h *host, from, to string) {
			h.append(to, string(h.plain(from)))
			h.remove(from)
		},
	} {
		for _, more := range []bool{false, true} {
			for _, logs := range [][]string{{"b1", "c1"}, {"", "b1"}, {"b1", ""}} {
				t.Run(fmt.Sprint(name, more, logs), func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						h := newHost(t, "app/*.log")
						h.must(os.MkdirAll(h.path("app/old"), 0o755))
						h.must(os.MkdirAll(h.path("app/other"), 0o755))
						h.append("app/other/1.log", "another program's\n")
						var want []string
						path := func(n int) string { return fmt.Sprintf("app/%d.log", n) }
						for n, line := range logs {
							if line != "" {
								want = append(want, line)
								line += "\n"
							}
							h.append(path(n), line)
						}
						h.start()
						h.settle()
						h.stop()
						tick()
						for n := range logs {
							if more || logs[n] == "" {
								h.append(path(n), strings.Repeat(fmt.Sprintln("more", n), 20))
								want = append(want, slices.Repeat([]string{fmt.Sprint("more ", n)}, 20)...)
							}
							rotate(h, path(n), fmt.Sprintf("app/old/%d.log.1", n))
							h.append(path(n), fmt.Sprintln("new", n))
							want = append(want, fmt.Sprint("new ", n))
						}
						h.rename("app/other/1.log", "app/other/1.log.1")
						h.sessionLong()
						slices.Sort(want)
						slices.Sort(h.got) // of two files
						h.want(want...)
						h.noLoss()
					})
				})
			}
		}
	}
}
