package verify

import (
	"fmt"

	"tailrace/agent/proof"
)

// Report is what was found.
type Report struct {
	// Proven says that every record of every file is in its topic, once, unchanged
	// and in order. What the inputs leave out or cut off is no part of a record.
	Proven bool     `json:"proven"`
	Files  []Result `json:"files"`
	Topics []Topic  `json:"topics"`
	// Sums of the files.
	Records int64                 `json:"records"`
	States  map[proof.State]int64 `json:"states"` // records
	Unsent  int64                 `json:"not_yet_sent_bytes"`
	Failed  int                   `json:"failed"` // files that are not proven
	// Excluded and CutOff are not in Kafka, or not whole, because the inputs say so.
	Excluded int64 `json:"excluded,omitempty"`
	CutOff   int64 `json:"cut_off,omitempty"`
	// Strange is records of this host that name a path of the files, and are of
	// no file that is there.
	Strange int64 `json:"of_other_files"`
}

// Result is what was found of one file.
type Result struct {
	Path   string `json:"path"`         // as the header "path" has it
	At     string `json:"at,omitempty"` // where it is
	Output string `json:"output,omitempty"`
	Topic  string `json:"topic"`
	Proven bool   `json:"proven"`
	// Beside says that the agent ships nothing of it, as far as it knows: it is a
	// copy, from before, or was passed over. What of it is in the topic, as lines
	// of other files, is not counted in the sums.
	Beside bool `json:"beside,omitempty"`
	// From is where shipping of it begins, Shipped up to where it is acknowledged.
	From    int64   `json:"from"`
	Shipped int64   `json:"shipped"`
	Records int64   `json:"records"`
	Ranges  []Range `json:"ranges"`
	More    int     `json:"more_ranges,omitempty"` // that are left out
	// Partitions have its records, when there are several. Order is compared
	// within each only.
	Partitions []Place `json:"partitions,omitempty"`
	// NotFollowed is what is before From and is shipped by nobody.
	NotFollowed *Bytes `json:"not_followed,omitempty"`
	// Unsent is complete lines that are not acknowledged yet, Partial the bytes
	// of the last line, which is not complete.
	Unsent  *Bytes `json:"not_yet_sent,omitempty"`
	Partial int64  `json:"partial,omitempty"`
	// Excluded is how many records are not to be shipped.
	Excluded      int64  `json:"excluded,omitempty"`
	ExcludedBytes int64  `json:"excluded_bytes,omitempty"`
	CutOff        int64  `json:"cut_off,omitempty"` // records that have only the beginning of their text, as the input says
	Note          string `json:"note,omitempty"`
	Error         string `json:"error,omitempty"`

	states []tally // also of ranges that are left out
	alone  int64   // records of one that the agent noted as a copy, which no other file has
}

// tally is records of a state.
type tally struct {
	state   proof.State
	records int64
}

// Range is bytes of a file whose records have one state, and are in one topic.
type Range struct {
	State   proof.State `json:"state"`
	Start   int64       `json:"start"`
	End     int64       `json:"end"`
	Records int64       `json:"records"`
	// At is the first of them in the topic; of those that are different or
	// shortened, what is there instead. Again is the last record of those that
	// are repeated.
	At    *Place `json:"at,omitempty"`
	Again *Place `json:"again,omitempty"`
}

// Place is where a record is. Output and Topic are left out when they are those
// of the file.
type Place struct {
	Output    string `json:"output,omitempty"`
	Topic     string `json:"topic,omitempty"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
}

// Bytes is a range of a file.
type Bytes struct {
	Start int64 `json:"start"`
	End   int64 `json:"end"`
}

// Topic is a topic that was read, or would have been.
type Topic struct {
	Source
	Partitions []Partition `json:"partitions"`
	// Former says that it is none that the files go to: it was shipped to before.
	Former bool `json:"former,omitempty"`
	// Plain is records without the headers path and offset, Others those that name
	// a path of the files and are of other hosts, by the host's name or the key;
	// names beyond 64 are left out.
	Plain  int64            `json:"without_headers,omitempty"`
	Others map[string]int64 `json:"of_other_hosts,omitempty"`
	// Gaps is offsets at which there is nothing any more: a topic that is
	// compacted has them.
	Gaps int64 `json:"gaps,omitempty"`
	// ID is what Kafka gave it when it was made; empty: the broker is too old to
	// tell.
	ID    string `json:"id,omitempty"`
	Error string `json:"error,omitempty"` // why it could not be read
}

// Partition is the part of a partition that was read.
type Partition struct {
	ID    int32 `json:"id"`
	Begin int64 `json:"begin"` // the first offset that there is
	End   int64 `json:"end"`   // the one behind the last
}

// rangesMax is how many ranges of a file are told.
const rangesMax = 1000

// measure finds out up to where a file is to be compared, when the journal does
// not tell, and looks whether it can be read.
func (s *subject) measure(w *work) {
	if s.Error = s.Cannot; s.Error != "" {
		return
	}
	if !w.reads(s.File) {
		s.passedBy()
		return
	}
	if !s.Whole {
		s.Result.From, s.Shipped = s.File.From, s.File.To
		if s.File.From > 0 && !s.Joined {
			s.NotFollowed = &Bytes{0, s.File.From}
		}
		return
	}
	c, err := s.File.open()
	if err != nil {
		s.Error = err.Error()
		return
	}
	defer c.close()
	complete, end, err := c.lines(0, s.width(w))
	if err != nil {
		s.Error = err.Error()
		return
	}
	if s.File.To = complete; s.Closed {
		s.File.To = end // a file that is done with has a last line in any case
	}
	s.Partial = end - s.File.To
	s.Shipped = s.File.To
}

// passedBy notes that nothing of s is expected in a topic.
func (s *subject) passedBy() {
	s.Proven, s.Error, s.Result.Ranges = true, "", []Range{{State: History, End: s.size}}
}

// width is how many bytes a newline has.
func (s *subject) width(w *work) int {
	if r, err := w.readings.of(s.options(), nil); err == nil {
		return r.Width()
	}
	return 1
}

// unsent notes what is behind the end of what is shipped.
func (s *subject) unsent(w *work, c *content) error {
	if s.Whole || c.rest != nil {
		return nil // of Whole measure has told
	}
	complete, end, err := c.lines(s.File.To, s.width(w))
	if err != nil {
		return err
	}
	if complete > s.File.To {
		s.Unsent = &Bytes{s.File.To, complete}
	}
	s.Partial = end - complete
	return nil
}

// found notes what the comparison said of a file.
func (w *work) found(s *subject, all proof.Found) {
	own := w.numbers[s.File.Source]
	if s.Unknown == History && (s.Error != "" || own.Error != "") {
		s.passedBy()
		return
	}
	s.Proven = s.Error == "" && s.Unsent == nil
	unread := s.Error != "" // so nothing was expected, of which nothing lacks
	if own.Error != "" {
		s.Proven, s.Error = false, own.Error
	}
	blind := w.blind()
	for _, r := range all.Ranges {
		out := Range{State: w.state(s, r.State, blind), Start: r.Start, End: r.End, Records: r.Records, At: w.place(own, r.At), Again: w.place(own, r.Again)}
		switch {
		case unread && r.Records == 0:
			out.State = Unproven
		case out.State == Taken:
			s.Note = "what is taken for shipped is in the topic once, as lines of another file. That is as it should be if this is a copy of it; if not, it was never read"
		case r.Start < s.Alike && r.Records > 0 && (out.State == proof.Delivered || out.State == proof.Missing):
			if out.State == proof.Delivered {
				out.State = Taken
			}
			s.Note = fmt.Sprintf("its first %d bytes were not shipped: another file had them before, and they were. That is as it should be if this is a copy of that; if the lines were written again, they are missing", s.Alike)
		}
		s.Result.Records += r.Records
		if s.Noted && s.Unknown == NeverRead && r.State == proof.Delivered {
			s.alone += r.Records // what they were read from is gone, and this is its copy
		}
		s.tally(out.State, r.Records)
		if out.State == Unproven && s.Error == "" {
			s.Note = blind
		}
		if out.State != proof.Delivered && out.State != History {
			s.Proven = false
		}
		if len(s.Result.Ranges) < rangesMax {
			s.Result.Ranges = append(s.Result.Ranges, out)
		} else {
			s.More++
		}
	}
	if len(all.Lanes) > 1 {
		for _, l := range all.Lanes {
			s.Partitions = append(s.Partitions, *w.place(own, &proof.Place{Lane: l}))
		}
	}
}

// tally counts records of a state.
func (r *Result) tally(state proof.State, records int64) {
	for i := range r.states {
		if r.states[i].state == state {
			r.states[i].records += records
			return
		}
	}
	r.states = append(r.states, tally{state, records})
}

// state is what a state means for a file: what is missing may never have been
// read, or be in a topic that cannot be read.
func (w *work) state(s *subject, state proof.State, blind string) proof.State {
	if state == proof.Shared && (s.Noted || s.File.Unknown == History) {
		state = proof.Delivered // it is a copy
	}
	switch {
	case state == proof.Shared:
		return Taken
	case s.File.Unknown == History && state != proof.Delivered:
		return History // nothing of it is expected
	case state != proof.Missing && (state != proof.Expired || s.File.Unknown == ""):
		return state
	case s.File.Unknown != "":
		return s.File.Unknown
	case blind != "" || s.Error != "":
		return Unproven
	}
	return state
}

// blind says why there may be more than was read; empty: there is not.
func (w *work) blind() string {
	for _, s := range w.sources {
		if s.Error != "" && s.Former {
			return "it may be in topic " + s.at.String() + ", which was shipped to before and cannot be read: " + s.Error
		}
	}
	return ""
}

// place is a place as it is told of a file with that topic.
func (w *work) place(own *source, at *proof.Place) *Place {
	if at == nil {
		return nil
	}
	out := &Place{Partition: at.Partition, Offset: at.Offset}
	if s := w.sources[at.Topic]; s != own {
		out.Output, out.Topic = s.at.Output, s.at.Name
	}
	return out
}

// add adds a file to the sums.
func (r *Report) add(f *Result) {
	if r.States == nil {
		r.States, r.Proven = map[proof.State]int64{}, true
	}
	for _, t := range f.states {
		if !f.Beside || t.state != proof.Delivered && t.state != History && t.state != Taken {
			r.States[t.state] += t.records
			r.Records += t.records
		}
	}
	if f.alone > 0 {
		r.States[proof.Delivered] += f.alone
		r.Records += f.alone
	}
	if !f.Beside {
		r.Excluded += f.Excluded
		r.CutOff += f.CutOff
	}
	if f.Unsent != nil {
		r.Unsent += f.Unsent.End - f.Unsent.Start
	}
	for _, x := range f.Ranges {
		if x.State == NotSent {
			r.Unsent += x.End - x.Start
		}
	}
	if !f.Proven {
		r.Proven = false
		r.Failed++
	}
}
