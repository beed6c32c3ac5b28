package tail

import "time"

// slotIdle is how long a compressed file that is ready may be left unread, by a
// lane that waits for its broker, while others need its slot.
const slotIdle = 30 * time.Second

// slots is the compressed files that are, or are being, made ready: decompression
// takes memory. A slot that nobody reads from is taken back when another file
// needs one, so that topics in trouble do not hold up the others. Run's.
type slots struct {
	held map[*file]slot
	// back is the file of a topic whose slot was taken back. No file of the topic
	// gets another before the lane asks for that one: else those that nobody
	// reads would take slots from each other without end.
	back map[*queue]*file
}

type slot struct {
	at    int64     // up to where the file was read at
	since time.Time // it was made ready, or seen to be read
}

func newSlots() slots { return slots{held: map[*file]slot{}, back: map[*queue]*file{}} }

// take says whether f may be made ready now: one of each topic, and preparedMax
// in all.
func (s *slots) take(f *file) bool {
	if g := s.back[f.queue]; g != nil && g.isQueued() {
		return false
	}
	delete(s.back, f.queue)
	n := 0
	for g := range s.held {
		if g.state == done || g.state == unfollowed || !g.packed || g != f && !g.preparing && !g.isOpen() {
			delete(s.held, g)
			continue
		}
		if n++; g != f && g.queue == f.queue {
			return false
		}
	}
	if _, has := s.held[f]; !has && n >= preparedMax && !s.takeBack() {
		return false
	}
	s.held[f] = slot{}
	return true
}

// ready notes that f was made ready.
func (s *slots) ready(f *file) { s.held[f] = slot{at: f.at(), since: time.Now()} }

// takeBack takes the slot back of a file that nobody reads, if there is one.
func (s *slots) takeBack() bool {
	for f, was := range s.held {
		switch at := f.at(); {
		case f.preparing:
		case at != was.at:
			s.ready(f)
		case time.Since(was.since) >= slotIdle && f.closeUnread(at):
			delete(s.held, f)
			s.back[f.queue] = f
			return true
		}
	}
	return false
}

// closeUnread closes f, which is compressed and was read up to at, if it is in the
// ready queue and can be opened again.
func (f *file) closeUnread(at int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fd < 0 || f.pos.off != at || !f.isQueued() {
		return false
	}
	if e, err := f.content().describe(); err != nil || e.nlink == 0 {
		return false
	}
	f.close()
	return true
}

// isQueued says that f is in the ready queue.
func (f *file) isQueued() bool {
	f.queue.mu.Lock()
	defer f.queue.mu.Unlock()
	return f.queued
}
