package verify

import "tailrace/agent/proof"

// Report is what was found.
type Report struct {
	// Proven says that every line of every file is in its topic, once, unchanged
	// and in order.
	Proven bool     `json:"proven"`
	Files  []Result `json:"files"`
	Topics []Topic  `json:"topics"`
	// Sums of the files.
	Records int64                 `json:"records"`
	States  map[proof.State]int64 `json:"states"` // records
	Unsent  int64                 `json:"not_yet_sent_bytes"`
	Failed  int                   `json:"failed"` // files that are not proven
}

// Result is what was found of one file.
type Result struct {
	Path   string `json:"path"`         // as the header "path" has it
	At     string `json:"at,omitempty"` // where it is
	Topic  string `json:"topic"`
	Proven bool   `json:"proven"`
	// From is where shipping of it begins, Shipped up to where it is acknowledged.
	From    int64         `json:"from"`
	Shipped int64         `json:"shipped"`
	Records int64         `json:"records"`
	Ranges  []proof.Range `json:"ranges"`
	More    int           `json:"more_ranges,omitempty"` // that are left out
	// Unsent is complete lines that are not acknowledged yet, Partial the bytes
	// of the last line, which is not complete.
	Unsent  *Bytes `json:"not_yet_sent,omitempty"`
	Partial int64  `json:"partial,omitempty"`
	// Excluded is how many records are not to be shipped.
	Excluded      int64  `json:"excluded,omitempty"`
	ExcludedBytes int64  `json:"excluded_bytes,omitempty"`
	Note          string `json:"note,omitempty"`
	Error         string `json:"error,omitempty"`

	states map[proof.State]int64 // records, also of ranges that are left out
}

// Bytes is a range of a file.
type Bytes struct {
	Start int64 `json:"start"`
	End   int64 `json:"end"`
}

// Topic is a topic that was read.
type Topic struct {
	Name       string      `json:"name"`
	Partitions []Partition `json:"partitions"`
	// Strange is records of this host that are of no file that is there.
	Strange int64 `json:"of_other_files"`
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
	if !s.Whole {
		s.Result.From, s.Shipped = s.File.From, s.File.To
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
		return nil
	}
	complete, end, err := c.lines(s.File.To, s.width(w))
	if err != nil {
		return err
	}
	if s.Closed && s.File.To == s.File.From {
		if end > 0 {
			s.Note = "nothing of it is to be shipped: it was there before, or is a copy"
		}
		return nil
	}
	if complete > s.File.To {
		s.Unsent = &Bytes{s.File.To, complete}
	}
	s.Partial = end - complete
	return nil
}

// ranges notes what the comparison said.
func (s *subject) ranges(all []proof.Range) {
	s.Proven = s.Error == "" && s.Unsent == nil
	s.states = map[proof.State]int64{}
	for _, r := range all {
		s.Result.Records += r.Records
		s.states[r.State] += r.Records
		if r.State != proof.Delivered {
			s.Proven = false
		}
	}
	if len(all) > rangesMax {
		s.More = len(all) - rangesMax
		all = all[:rangesMax]
	}
	s.Result.Ranges = all
}

// add adds a file to the sums.
func (r *Report) add(f *Result) {
	if r.States == nil {
		r.States, r.Proven = map[proof.State]int64{}, true
	}
	for state, n := range f.states {
		r.States[state] += n
	}
	r.Records += f.Records
	if f.Unsent != nil {
		r.Unsent += f.Unsent.End - f.Unsent.Start
	}
	if !f.Proven {
		r.Proven = false
		r.Failed++
	}
}
