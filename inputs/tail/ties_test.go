package tail

import (
	"os"
	"testing"
	"time"
)

// Generations that nobody saw are read in the order that their names tell,
// whatever their times: a copy or a restore gives all of them the same.
func TestGenerationsOfOneTime(t *testing.T) {
	for _, names := range [][]string{
		{"a.log.12", "a.log.3", "a.log.2", "a.log.1", "a.log"},
		{"a.log-20261121", "a.log-20261122", "a.log-20261123", "a.log"},
		{"a.log-20261123-2", "a.log-20261123-9", "a.log-20261123-10", "a.log"},
		{"a.log.2026-11-22_23", "a.log.2026-11-23_00", "a.log.2026-11-23_01", "a.log"},
	} {
		t.Run(names[0], func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log")
				h.append("a.log", "the first\n")
				h.session()
				h.rename("a.log", names[0])
				want := []string{"the first"}
				for _, name := range names[1:] {
					h.append(name, name+"\n")
					want = append(want, name)
				}
				at := time.Now()
				for _, name := range names {
					h.must(os.Chtimes(h.path(name), at, at))
				}
				h.start()
				h.settle()
				h.want(want...)
				h.stop()
			})
		})
	}
}
