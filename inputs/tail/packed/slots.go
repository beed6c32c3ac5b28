package packed

import "time"

const (
	// SlotsMax is how many compressed files may be read at a time; one of a topic.
	SlotsMax = 8
	// slotIdle is how long one that is ready may be left unread, by a lane that waits
	// for its broker, while others need its slot.
	slotIdle = 30 * time.Second
)

// Slotted is a compressed file that is read by decompressing it.
type Slotted interface {
	comparable
	Topic() any         // to which its lines go
	Decompresses() bool // it takes memory for that, or is about to
	Waits() bool        // to be read by its lane
	At() int64          // up to where it was read
	// LetGo frees the memory, and reports whether it did: not when it was read on
	// from at, or is being read.
	LetGo(at int64) bool
}

// Slots is the files that are, or are being, decompressed. A slot that nobody reads
// from is taken back when another file needs one, so that topics in trouble do not hold
// up the others. It is for one goroutine.
type Slots[F Slotted] struct {
	held map[F]slot
	// back is the file of a topic whose slot was taken back. No file of the topic
	// gets another before the lane asks for that one: else those that nobody
	// reads would take slots from each other without end.
	back map[any]F
}

type slot struct {
	at    int64     // up to where the file was read
	since time.Time // it was made ready, or seen to be read
}

// NewSlots is all slots, free.
func NewSlots[F Slotted]() Slots[F] { return Slots[F]{held: map[F]slot{}, back: map[any]F{}} }

// Take says whether f, which has none, gets a slot.
func (s *Slots[F]) Take(f F) bool {
	topic := f.Topic()
	if g, ok := s.back[topic]; ok && g.Waits() {
		return false
	}
	delete(s.back, topic)
	for g := range s.held {
		if !g.Decompresses() {
			delete(s.held, g)
		} else if g.Topic() == topic {
			return false
		}
	}
	if len(s.held) >= SlotsMax && !s.takeBack() {
		return false
	}
	s.held[f] = slot{}
	return true
}

// Ready notes that f can be read.
func (s *Slots[F]) Ready(f F) { s.held[f] = slot{at: f.At(), since: time.Now()} }

// takeBack takes the slot back of a file that nobody reads, if there is one.
func (s *Slots[F]) takeBack() bool {
	for f, was := range s.held {
		switch at := f.At(); {
		case at != was.at:
			s.Ready(f)
		case time.Since(was.since) >= slotIdle && f.LetGo(at):
			delete(s.held, f)
			s.back[f.Topic()] = f
			return true
		}
	}
	return false
}
