package tail

import "testing"

// start: end leaves out what is there at the first start, also of rotated files
// that the pattern matches; what comes later is shipped.
func TestStartEndAndRotatedFiles(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log*")
		h.opts.Inputs[0].Start = "end"
		for _, name := range []string{"a.log.2", "a.log.1", "a.log", "b.log.1"} {
			text, _ := numbers(1, 50)
			h.append(name, name+"\n"+text)
		}
		h.start()
		h.settle()
		h.want()
		h.append("a.log", "new\n")
		h.settle()
		h.rename("a.log.1", "a.log.3")
		h.rename("a.log", "a.log.1")
		h.append("a.log", "newer\n")
		h.settle()
		h.append("b.log.1", "late\n")
		h.settle()
		h.want("new", "newer", "late")
		h.stop()
	})
}
