package tail

import (
	"testing"
	"time"
)

// logrotate, of which the compression was changed, moves a copy out of its way while the
// agent is down: the lines that nobody read are found in it, in their order.
func TestMovedAsideWhileDown(t *testing.T) {
	const aside = "-2026013112.backup"
	for name, do := range map[string]func(h *host){
		"a copy": func(h *host) {
			h.append("a.log", "2\n")
			h.copyTruncate("a.log", "a.log.1")
			h.rename("a.log.1", "a.log.1"+aside)
			h.append("a.log", "3\n")
			h.copyTruncate("a.log", "a.log.1")
			h.compress("a.log.1", ".gz")
			h.append("a.log", "4\n")
		},
		"an empty one comes in its place": func(h *host) {
			h.append("a.log", "2\n3\n")
			h.copyTruncate("a.log", "a.log.1")
			h.rename("a.log.1", "a.log.1"+aside)
			h.copyTruncate("a.log", "a.log.1")
			h.compress("a.log.1", ".gz")
			h.append("a.log", "4\n")
		},
		"a compressed copy": func(h *host) {
			h.append("a.log", "2\n")
			h.copyTruncate("a.log", "a.log.1")
			h.compress("a.log.1", ".gz")
			h.append("a.log", "3\n")
			h.copyTruncate("a.log", "a.log.1")
			h.rename("a.log.1.gz", "a.log.1.gz"+aside)
			h.compress("a.log.1", ".gz")
			h.append("a.log", "4\n")
		},
		"renamed": func(h *host) {
			h.append("a.log", "2\n")
			h.rename("a.log", "a.log.1")
			h.rename("a.log.1", "a.log.1"+aside)
			h.append("a.log", "3\n")
			h.packRotated("a.log", ".gz")
			h.append("a.log", "4\n")
		},
	} {
		for also, read := range map[string]bool{"": false, ", read": true} {
			for _, pattern := range []string{"*.log", "*.log*"} {
				t.Run(name+also+" of "+pattern, func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						h := newHost(t, pattern)
						var want []string
						if h.append("a.log", ""); read {
							h.append("a.log", "1\n")
							want = append(want, "1")
						}
						h.start()
						h.settle()
						h.stop()
						h.wait(time.Minute)
						do(h)
						h.sessionLong()
						h.want(append(want, "2", "3", "4")...)
						h.noLoss()
					})
				})
			}
		}
	}
}
