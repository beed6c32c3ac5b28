package tail

import (
	"fmt"
	"time"

	"tailrace/agent/flow"
	"tailrace/agent/route"
	"tailrace/inputs/tail/record"
)

// A reading is one way of cutting bytes into records, with its number in the
// journal.
type reading struct {
	*record.Reading
	number int
}

// readings is how the files of an input are cut. Where the first bytes of a file
// decide on the order of bytes in it, there are two ways.
type readings struct {
	one, big reading
	byMark   bool
	wait     time.Duration // after which a multi-line record is complete; 0: it is not waited for
	stall    time.Duration // after which what streams wait with is given; 0: there are none
}

// stallTime is how long a stream of a container may keep waiting what is behind
// its last record.
const stallTime = 5 * time.Second

// recording is what a file has beside others when its lines are not records as
// they are. Its mu guards it.
type recording struct {
	how   *readings
	order order // where the first bytes decide
	// given is up to where records were given: what is left out behind it is
	// noted as read once all of them are acked.
	given int64
	// flush asks for records whose end is not known; tried is the size of the
	// file when that was last told and nothing was given.
	flush record.End
	tried [record.Last + 1]int64
	// stuck is since when there is something and nothing of it was given; zero:
	// it is not so.
	stuck time.Time
	// kept is up to where what is longer than the limit is in the dead-letter
	// file, as far as this run put it there.
	kept int64
	// asked says that it is decided whether its last record goes on in the
	// successor. It belongs to Run.
	asked bool
	told  told
}

// told is what Run knows of a file, so that it is told once.
type told struct{ waits, skips, malformed, invalid, long bool }

// prepare makes the readings of the inputs, and those of the journal.
func (in *Input) prepare() error {
	for n, spec := range in.o.Readings {
		if route.IsForm(spec) {
			continue
		}
		r, err := record.Parse(spec)
		if err != nil {
			in.log.Error("lines that were read in this way cannot be sent again, if they must be", "reading", n, "error", err)
			continue
		}
		in.known[n] = r
	}
	for i := range in.o.Inputs {
		c := &in.o.Inputs[i]
		if c.Record.Plain() {
			continue
		}
		how, err := in.readings(c.Record)
		if err != nil {
			return fmt.Errorf("tail: input %s: %w", c.Topic, err)
		}
		c.how = how
	}
	return nil
}

func (in *Input) readings(o record.Options) (*readings, error) {
	one, err := in.reading(o.Resolve(nil))
	if err != nil {
		return nil, err
	}
	how := &readings{one: one, byMark: o.ByMark(), wait: o.Wait()}
	if o.Container != "" {
		how.stall = max(stallTime, how.wait)
	}
	if how.byMark {
		how.big, err = in.reading(o.Resolve([]byte{0xfe, 0xff}))
	}
	return how, err
}

func (in *Input) reading(o record.Options) (reading, error) {
	r, err := record.New(o)
	if err != nil {
		return reading{}, err
	}
	n := in.o.Journal.Reading(r.Spec())
	in.known[n] = r
	return reading{r, n}, nil
}

// record sets how a new or resumed file is cut. A file that was left in the
// middle of what only a reading can go on with needs one in any case.
func (f *file) record(in *Input) {
	how := f.conf.how
	if how == nil && !record.Simple(f.pos.mark.Part) {
		how, _ = in.readings(record.Options{}) // which cannot be wrong
	}
	if how != nil {
		f.rec = &recording{how: how, given: f.pos.off}
	}
}

// width is how many bytes a newline has in f.
func (f *file) width() int {
	if f.rec == nil {
		return 1
	}
	return f.rec.how.one.Width()
}

// reading is how the open file is cut.
func (f *file) reading() (reading, error) {
	r := f.rec
	if r.how.byMark && r.order == unknown {
		var mark [2]byte
		n, err := f.content().pread(mark[:], 0)
		switch {
		case err != nil || n < len(mark):
			return r.how.one, err
		case mark == [2]byte{0xfe, 0xff}:
			r.order = big
		default:
			r.order = little
		}
	}
	if r.order == big {
		return r.how.big, nil
	}
	return r.how.one, nil
}

// order is that of the bytes of a character in UTF-16.
type order uint8

const (
	unknown order = iota // the file has no two bytes yet
	little
	big
)

// cutAgain makes the records of s, whose bytes c has.
func (in *Input) cutAgain(s flow.Span, c *flow.Chunk) error {
	r := in.known[s.Reading]
	if r == nil {
		return fmt.Errorf("the journal does not tell how they were cut into records (reading %d): %w", s.Reading, flow.ErrGone)
	}
	c.Reading = s.Reading
	if !new(record.Cutter).Again(r, c, s.Mark.Part) {
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
