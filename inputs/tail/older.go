package tail

import "time"

// leftAlone says that the unknown file at e, which is at path or was rotated
// from it, is older than the input wants: it is not followed, nor known, until
// somebody writes to it. Then it is new, and read from its beginning. A file
// that is followed is never too old, nor is what follows it at its path.
//
// Files that an input with Start "end" finds at the first start are followed
// however old they are: else nobody would know later where their end was.
func (in *Input) leftAlone(path string, e entry) bool {
	c := &in.o.Inputs[in.pats.match(path)]
	if c.Start == "end" && in.old(e) {
		return false
	}
	return c.IgnoreOlder > 0 && time.Since(time.Unix(0, e.mtime)) > c.IgnoreOlder
}
