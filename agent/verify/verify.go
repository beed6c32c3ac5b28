// Package verify proves that the lines of files are in topics: it reads both and
// has agent/proof compare them. It also writes files again from topics.
package verify

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/IBM/sarama"

	"tailrace/agent/proof"
	"tailrace/inputs/tail/record"
)

// File is one file to be verified.
type File struct {
	Path   string // as the header "path" has it
	At     string // where it is
	Source        // the topic that its lines go to
	Open   func() (*os.File, error)
	// Record is how its bytes become records; nil: each line is one. Stretches is
	// how they became records, where that is known, by ascending offsets, the first
	// of which is none behind From. Before is how they may have, where it is not.
	// Files that have options in common are read alike.
	Record    *record.Options
	Stretches []Stretch
	Before    []*record.Options
	// From is where reading of it began, To up to where it is shipped; the parts
	// are the states of the cutter there. Whole says that all of it is to be
	// compared instead, for want of knowledge of To; and Closed that nothing is
	// written to it any more.
	From, To         int64
	FromPart, ToPart int
	Whole, Closed    bool
	// Alike is up to where nothing of it was shipped, or less than it has: it was
	// taken for what another file had, for its bytes alone.
	Alike int64
	// Joined says that what is before From is shipped as the end of the file
	// before it. Else nobody ships it.
	Joined bool
	// Unknown is, of a file that the agent does not ship as far as it knows,
	// what its records are called that are not in the topic: History, NeverRead or
	// NotSent. It may be a copy of another file of the path. Files of which it is
	// History are read only when the topic has records of files that are not there.
	Unknown proof.State
	// Noted says of such a file that the agent has noted that there is nothing to ship.
	Noted bool
	// Cannot says why nothing can be proven of it; empty: it can.
	Cannot string
	// After says that the path had another file before.
	After bool
	// Rest is the file whose first bytes, RestBytes of them behind RestFrom NULs, may
	// be shipped as the end of this one; nil: there is none.
	Rest                *File
	RestFrom, RestBytes int64
}

// Stretch is what became of the bytes from Start on, up to the next Stretch.
type Stretch struct {
	Start  int64
	Part   int // state of the cutter there
	Record *record.Options
}

// States beside those of agent/proof.
const (
	// History is from before the first start of the agent.
	History proof.State = "history"
	// NeverRead is from later, and the agent has passed it over.
	NeverRead proof.State = "never_read"
	// NotSent is complete lines that the agent has not come to yet.
	NotSent proof.State = "not_sent"
	// Taken is what was taken for shipped: it is in the topic, as what another file
	// had, and whether that is the same or was written again nobody can tell.
	Taken proof.State = "taken_for_shipped"
	// Unproven is what was not found, while a topic that may have it cannot be read.
	Unproven proof.State = "cannot_be_proven"
)

// Job is what to verify.
type Job struct {
	// Client gives a client for an output, once; it remains the caller's.
	Client func(output string) (sarama.Client, error)
	Files  []File // those of a path in the order of their lines
	// Former is where their lines may have gone before. These topics are read
	// when something is not in those of the files.
	Former []Source
	// Own says whether a record that names the path is this host's; host is its
	// header of that name, or nil. Any goroutine calls it.
	Own func(path, key, host []byte) bool
	// Progress is told, by any goroutine, how far a step is; nil: nobody.
	Progress func(step Step)
	// Text says to people why a topic cannot be read; nil: as the error does.
	Text func(*TopicError) string
	// Block is how many bytes are summed up together at least; 0: 1 MiB.
	Block int64
}

// Step is how far one of the steps is.
type Step struct {
	Name        string
	Done, Total int64
	Bytes       bool // that is what is counted; else records
}

const (
	// blocksMax is how many blocks are kept at most, but for one of each file.
	blocksMax = 1 << 20
	blockMin  = 1 << 20
	// closerMax is how many records are kept one by one at a time.
	closerMax = 1 << 20
)

// Run verifies. A topic or a file that cannot be read is told in the report; the
// error is that of ctx.
func (j *Job) Run(ctx context.Context) (*Report, error) {
	if j.Progress == nil {
		j.Progress = func(Step) {}
	}
	if j.Text == nil {
		j.Text = func(err *TopicError) string { return err.Error() }
	}
	r, err := j.once(ctx, false)
	if err == nil && r.Strange > 0 && slices.ContainsFunc(j.Files, func(f File) bool { return f.Unknown == History }) {
		return j.once(ctx, true) // an agent whose state is lost may have shipped them
	}
	return r, err
}

// once verifies; history says that files are read, too, that are History as far as is
// known.
func (j *Job) once(ctx context.Context, history bool) (*Report, error) {
	r := &Report{Files: make([]Result, len(j.Files))}
	w := &work{Job: j, history: history, by: map[*proof.File]*subject{}, numbers: map[Source]*source{}, silent: silent{}, timed: map[string]bool{}}
	for i := range j.Files {
		f := &j.Files[i]
		r.Files[i] = Result{Path: f.Path, At: f.At, Output: f.Output, Topic: f.Name, Beside: f.Unknown != "", Ranges: []Range{}}
		w.files = append(w.files, &subject{File: f, Result: &r.Files[i], size: f.To})
		if w.reads(f) {
			w.source(f.Source, false)
			w.timed[f.Path] = w.timed[f.Path] || f.timed()
		}
	}
	w.open()
	if err := w.expect(ctx); err != nil {
		return nil, err
	}
	if err := w.compare(ctx); err != nil {
		return nil, err
	}
	w.conclude(r)
	return r, nil
}

// reads says whether a file is read.
func (w *work) reads(f *File) bool { return w.history || f.Unknown != History }

// work is a run.
type work struct {
	*Job
	history  bool // files are read that are History as far as is known
	readings readings
	files    []*subject
	by       map[*proof.File]*subject
	set      *proof.Set
	sources  []*source // by their numbers
	numbers  map[Source]*source
	silent   silent
	timed    map[string]bool // by paths that are looked for: records of it may have their time in them
	round    int             // of closer looks
	opened   *subject        // the file that was asked for something last, and its content
	content  *content
}

// subject is one of the files.
type subject struct {
	*File
	*Result
	proof *proof.File
	size  int64 // of what is History, bytes
}

// compare reads the topics, once, and again for what must be looked at closer.
func (w *work) compare(ctx context.Context) error {
	w.set.Begin()
	if err := w.read(ctx); err != nil {
		return err
	}
	if w.set.Lacks() {
		for _, at := range w.Former {
			w.source(at, true)
		}
		w.open()
		if err := w.read(ctx); err != nil {
			return err
		}
	}
	w.set.End(w.confirm)
	defer w.closeLast()
	for {
		again := w.set.Closer(closerMax)
		if len(again) == 0 {
			return nil
		}
		w.round++
		if err := w.reread(ctx, again); err != nil {
			return err
		}
		w.set.Begin()
		for _, s := range w.sources {
			s.read = false
		}
		if err := w.read(ctx); err != nil {
			return err
		}
		w.set.End(w.confirm)
	}
}

// reread reads blocks of files once more.
func (w *work) reread(ctx context.Context, blocks []*proof.Block) error {
	byFile := map[*proof.File][]*proof.Block{}
	for _, b := range blocks {
		byFile[b.File] = append(byFile[b.File], b)
	}
	files := slices.Collect(maps.Keys(byFile))
	return w.each(ctx, len(files), func(i int) error {
		f := w.by[files[i]]
		c, err := f.File.open()
		for _, b := range byFile[files[i]] { // in the order of their offsets
			if err != nil {
				break
			}
			k := w.cutting(f.File, c)
			k.from = b.From
			err = k.records(ctx, func(r proof.Record, _ proof.Resume) bool { return b.Reread(r) })
			w.spare(k)
		}
		if c != nil {
			c.close()
		}
		if err != nil {
			f.Error = err.Error()
		}
		return ctx.Err()
	})
}

// conclude writes down what was found.
func (w *work) conclude(r *Report) {
	begins := map[proof.Lane]int64{}
	for _, s := range w.sources {
		if s.topic == nil {
			continue
		}
		for _, p := range s.parts {
			begins[proof.Lane{Topic: s.number, Partition: p.ID}] = p.Begin
		}
	}
	w.set.Result(begins, func(f *proof.File, found proof.Found) { w.found(w.by[f], found) })
	for _, s := range w.sources {
		r.Topics = append(r.Topics, s.result())
	}
	r.Strange = w.set.Strange()
	for i := range r.Files {
		r.add(&r.Files[i])
	}
}

// block is how many bytes are one block, so that there are not too many.
func (w *work) block(bytes int64) int64 {
	n := max(w.Block, 1)
	if w.Block == 0 {
		n = blockMin
	}
	for bytes/n > blocksMax {
		n *= 2
	}
	return n
}

// stepName names a topic that is read.
func (w *work) stepName(s *source) string {
	if w.round > 0 {
		return fmt.Sprintf("topic %s, closer look %d", s.at, w.round)
	}
	return fmt.Sprintf("topic %s", s.at)
}
