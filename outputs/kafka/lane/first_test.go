package lane

// How a lane begins that the journal does not know: the state directory may have
// been lost, or this is the first start on a topic to which others wrote.

// newLane says that the journal does not know whether anything was sent.
func (w *world) newLane() bool {
	return w.h.first && (!w.journal.lane || w.journal.doubt && !w.journal.used && len(w.journal.unacked) == 0)
}

// peek begins to look whether the partition has a line of this host.
func (w *world) peek() {
	if l := &w.journal; !l.lane {
		l.lane, l.doubt, l.from, l.rests = true, true, -1, true
		w.noteLinks()
		w.sync()
	}
	w.peeking, w.lookEnd = true, len(w.log)
}

// seeFirst is the end of it, when all is committed that the leader had. Without a
// line nothing is in doubt.
func (w *world) seeFirst() {
	if !w.has(min(w.lookEnd, w.hw)) {
		w.write(sure{})
	}
	w.peeking, w.lookEnd = false, 0
}

// has says that one of the first end records is a line.
func (w *world) has(end int) bool {
	for _, l := range w.log[:end] {
		if l != other {
			return true
		}
	}
	return false
}

// looksUsed says that a start without the journal would see that it is not the
// first: a line is committed, or none is on its way.
func (w *world) looksUsed() bool {
	for _, l := range w.links {
		if len(l.reqs) > 0 && !w.has(w.hw) {
			return false
		}
	}
	return true
}
