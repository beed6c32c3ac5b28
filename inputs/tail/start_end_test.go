package tail

import (
	"testing"
	"time"
)

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

// The same with rotated files that are compressed, or are later.
func TestStartEndAndCompressedFiles(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log*")
		h.opts.Inputs[0].Start = "end"
		for i, name := range []string{"a.log.3", "a.log.2", "a.log.1", "a.log", "b.log.2", "b.log.1"} {
			h.write(name, 10*i+1, 10*i+10)
			later(12 * time.Millisecond)
		}
		h.compress("a.log.3", ".gz")
		h.compress("b.log.2", ".gz")
		h.start()
		h.settleLong()
		h.want()
		h.write("a.log", 101, 110)
		h.settle()
		h.rename("a.log.3.gz", "a.log.4.gz")
		h.rename("a.log.2", "a.log.3")
		h.rename("a.log.1", "a.log.2")
		h.rename("a.log", "a.log.1")
		h.compress("a.log.3", ".gz")
		h.compress("b.log.1", ".gz")
		h.write("a.log", 111, 120)
		h.settleLong()
		h.compress("a.log.2", ".gz")
		h.settleLong()
		h.stop()
		h.compress("a.log.1", ".gz")
		h.write("a.log", 121, 130)
		h.session()
		h.want(texts(101, 130)...)
	})
}
