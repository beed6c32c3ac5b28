package tail

import (
	"os"
	"testing"
)

// A file that is restored from a backup has the same content in another inode:
// it is read on, under its own name or another.
func TestRestored(t *testing.T) {
	f := func(name string) {
		bubble(t, func(t *testing.T) {
			h := newHost(t, "a.log")
			h.append("a.log", long+"\n")
			h.session()
			p, err := os.ReadFile(h.path("a.log"))
			h.must(err)
			h.must(os.WriteFile(h.path("copy"), p, 0o644))
			h.remove("a.log")
			h.rename("copy", name)
			h.append(name, "2\n")
			h.start()
			h.settle()
			if h.want(long, "2"); h.logged("lost") > 0 {
				t.Errorf("log:\n%s", h.log)
			}
			h.stop()
		})
	}
	f("a.log")
	f("b")
}

// Of a file too little was read to know it by; a rotated file that nobody saw and
// that begins alike is not taken for it: it is shipped from its beginning.
func TestShortIsNotFound(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.append("a.log", "1\n")
		h.session()
		tick()
		h.remove("a.log")
		h.append("a.log", "1\n2\n")
		tick()
		h.rename("a.log", "a.log.1")
		h.session()
		h.want("1", "1", "2")
	})
}
