package record

import (
	"fmt"
	"time"

	"tailrace/agent/flow"
)

// stallTime is how long a stream of a container may keep waiting what is behind
// its last record.
const stallTime = 5 * time.Second

// A Book is the ways in which bytes are cut into records, by their numbers in the
// journal. It is safe for any goroutine once all that it is to know was noted.
type Book struct {
	number func(spec string) int
	known  map[int]*Reading
}

// NewBook returns an empty book; number gives a way its number.
func NewBook(number func(spec string) int) *Book {
	return &Book{number, map[int]*Reading{}}
}

// Numbered is one way, with its number.
type Numbered struct {
	*Reading
	Number int
}

// Ways is how the files of an input are cut. Where the first bytes of a file decide on
// the order of bytes in it, there are two ways.
type Ways struct {
	one, big Numbered
	ByMark   bool          // these bytes decide
	Wait     time.Duration // after which a multi-line record is complete; 0: it is not waited for
	Stall    time.Duration // after which what streams wait with is given; 0: there are none
}

// Note has the book know the way of the journal with that number.
func (b *Book) Note(number int, spec string) error {
	r, err := Parse(spec)
	if err == nil {
		b.known[number] = r
	}
	return err
}

// Ways makes what the options say.
func (b *Book) Ways(o Options) (*Ways, error) {
	one, err := b.add(o.Resolve(nil))
	if err != nil {
		return nil, err
	}
	w := &Ways{one: one, ByMark: o.ByMark(), Wait: o.Wait()}
	if o.Container != "" {
		w.Stall = max(stallTime, w.Wait)
	}
	if w.ByMark {
		w.big, err = b.add(o.Resolve([]byte{0xfe, 0xff}))
	}
	return w, err
}

func (b *Book) add(o Options) (Numbered, error) {
	r, err := New(o)
	if err != nil {
		return Numbered{}, err
	}
	n := b.number(r.Spec())
	b.known[n] = r
	return Numbered{r, n}, nil
}

// Width is how many bytes a newline has.
func (w *Ways) Width() int { return w.one.Width() }

// Order is that of the bytes of a character in UTF-16.
type Order uint8

const (
	unknown Order = iota // the file has no two bytes yet
	little
	big
)

// OrderOf is what the first bytes of a file say.
func OrderOf(mark [2]byte) Order {
	if mark == [2]byte{0xfe, 0xff} {
		return big
	}
	return little
}

// In is the way for that order; 0: it is not known.
func (w *Ways) In(order Order) Numbered {
	if order == big {
		return w.big
	}
	return w.one
}

// Marked says whether p, the beginning of a file, cannot go on with the end of
// another: a hole, or the mark of another text.
func (r *Reading) Marked(p []byte) bool {
	if r.Width() == 1 {
		return len(p) > 0 && p[0] == 0
	}
	return len(p) > 1 && (p[0] == 0xff && p[1] == 0xfe || p[0] == 0xfe && p[1] == 0xff)
}

// Again makes the records of s, whose bytes c has. The error is flow.ErrGone.
func (b *Book) Again(s flow.Span, c *flow.Chunk) error {
	r := b.known[s.Reading]
	if r == nil {
		return fmt.Errorf("the journal does not tell how they were cut into records (reading %d): %w", s.Reading, flow.ErrGone)
	}
	c.Reading = s.Reading
	if !new(Cutter).Again(r, c, s.Mark.Part) {
		return fmt.Errorf("they are cut into other records than before: %w", flow.ErrGone)
	}
	to := len(c.Records)
	if s.Take > 0 {
		to = s.Skip + s.Take
	}
	if s.Skip >= to || to > len(c.Records) {
		return fmt.Errorf("records %d to %d are wanted, and there are %d: %w", s.Skip, to, len(c.Records), flow.ErrGone)
	}
	if s.Skip > 0 || s.Take > 0 {
		c.Take(s.Skip, to)
	}
	return nil
}
