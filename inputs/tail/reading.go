package tail

import (
	"fmt"
	"time"

	"tailrace/agent/route"
	"tailrace/inputs/tail/record"
)

// recording is what a file has beside others when its lines are not records as
// they are. Its mu guards it.
type recording struct {
	how   *record.Ways
	order record.Order // where the first bytes decide
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

// prepare makes ready what the inputs say of records, and what the journal has of that.
func (in *Input) prepare() error {
	for n, spec := range in.o.Readings {
		if err := in.noteReading(n, spec); err != nil {
			in.log.Error("lines that were read in this way cannot be sent again, if they must be", "reading", n, "error", err)
		}
	}
	for i := range in.o.Inputs {
		c := &in.o.Inputs[i]
		if err := in.prepareRoute(c); err != nil {
			return err
		}
		if c.Record.Plain() {
			continue
		}
		how, err := in.book.Ways(c.Record)
		if err != nil {
			return fmt.Errorf("tail: input %s: %w", c.Topic, err)
		}
		c.how = how
	}
	return nil
}

// noteReading notes what the journal has under a number.
func (in *Input) noteReading(n int, spec string) error {
	if !route.IsForm(spec) {
		return in.book.Note(n, spec)
	}
	rule, err := route.ParseForm(spec)
	if err == nil {
		in.forms[n] = rule.Numbered(n)
	}
	return err
}

// setReading sets how a new or resumed file is cut. A file that was left in the
// middle of what only a reading can go on with needs one in any case.
func (f *file) setReading(in *Input) {
	how := f.conf.how
	if how == nil && !record.Simple(f.pos.mark.Part) {
		how, _ = in.book.Ways(record.Options{}) // which cannot be wrong
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
	return f.rec.how.Width()
}

// reading is how the open file is cut.
func (f *file) reading() (record.Numbered, error) {
	r := f.rec
	if r.how.ByMark && r.order == 0 {
		var mark [2]byte
		n, err := f.content().Pread(mark[:], 0)
		if err != nil || n < len(mark) {
			return r.how.In(0), err
		}
		r.order = record.OrderOf(mark)
	}
	return r.how.In(r.order), nil
}
