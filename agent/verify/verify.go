// Package verify proves that the lines of files are in topics: it reads both and
// has agent/proof compare them. It also writes files again from a topic.
package verify

import (
	"context"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/IBM/sarama"

	"tailrace/agent/proof"
	"tailrace/inputs/tail/record"
)

// File is one file to be verified.
type File struct {
	Path  string // as the header "path" has it
	At    string // where it is
	Topic string
	Open  func() (*os.File, error)
	// Record is how its bytes became records; nil: each line is one. Files that
	// have it in common are read alike.
	Record *record.Options
	// From is where reading of it began, To up to where it is shipped; the parts
	// are the states of the cutter there. Whole says that all of it is to be
	// compared instead, for want of knowledge of To; and Closed that nothing is
	// written to it any more.
	From, To         int64
	FromPart, ToPart int
	Whole, Closed    bool
	// Cannot says why nothing can be proven of it; empty: it can.
	Cannot string
	// After says that the path had another file before.
	After bool
	// Rest is the file whose first bytes, RestBytes of them, may be shipped as the
	// end of this one; nil: there is none.
	Rest      *File
	RestBytes int64
}

// Job is what to verify.
type Job struct {
	Client sarama.Client
	Files  []File // those of a path in the order of their lines
	// Own says whether a record that names the path is this host's; host is its
	// header of that name, or nil. Any goroutine calls it.
	Own func(path, key, host []byte) bool
	// Progress is told, by any goroutine, how far a step is; nil: nobody.
	Progress func(step Step)
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
	closerMax = 2 << 20
)

// Run verifies. The error says that a topic could not be read; a file that could
// not be read is told with its result.
func (j *Job) Run(ctx context.Context) (*Report, error) {
	if j.Progress == nil {
		j.Progress = func(Step) {}
	}
	r := &Report{}
	byTopic := map[string][]int{}
	for i, f := range j.Files {
		byTopic[f.Topic] = append(byTopic[f.Topic], i)
	}
	r.Files = make([]Result, len(j.Files))
	for _, name := range slices.Sorted(maps.Keys(byTopic)) {
		if err := j.topic(ctx, name, byTopic[name], r); err != nil {
			return nil, err
		}
	}
	for i := range r.Files {
		r.add(&r.Files[i])
	}
	return r, nil
}

// work is one topic.
type work struct {
	*Job
	readings readings
	name     string
	topic    *topic
	files    []*subject
	by       map[*proof.File]*subject
	set      *proof.Set
}

// subject is one of its files.
type subject struct {
	*File
	*Result
	proof *proof.File
}

func (j *Job) topic(ctx context.Context, name string, files []int, r *Report) error {
	w := &work{Job: j, name: name, by: map[*proof.File]*subject{}}
	var err error
	if w.topic, err = openTopic(j.Client, name); err != nil {
		return err
	}
	for _, i := range files {
		r.Files[i] = Result{Path: j.Files[i].Path, At: j.Files[i].At, Topic: name}
		w.files = append(w.files, &subject{File: &j.Files[i], Result: &r.Files[i]})
	}
	if err := w.expect(ctx); err != nil {
		return err
	}
	if err := w.compare(ctx); err != nil {
		return err
	}
	w.set.Ranges(w.topic.begins(), func(f *proof.File, all []proof.Range) { w.by[f].ranges(all) })
	r.Topics = append(r.Topics, w.topic.result(w.set.Strange()))
	return nil
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

// expect reads the files.
func (w *work) expect(ctx context.Context) error {
	var total int64
	for _, f := range w.files {
		f.measure(w)
		total += f.File.To - f.File.From
	}
	w.set = proof.New(w.block(total))
	for _, f := range w.files {
		f.proof = w.set.Add(f.File.Path, f.File.From, f.File.To)
		w.by[f.proof] = f
	}
	done := w.counter("files of topic "+w.name, total, true)
	return w.each(ctx, len(w.files), func(i int) error {
		f := w.files[i]
		if f.Error != "" {
			return nil
		}
		c, err := f.File.open()
		if err != nil {
			f.Error = err.Error()
			return nil
		}
		defer c.close()
		k := w.cutting(f.File, c)
		defer w.spare(k)
		k.from, k.moved = proof.Resume{Offset: f.File.From, Part: f.FromPart}, done
		err = k.records(ctx, func(r proof.Record, from proof.Resume) bool {
			f.proof.Expect(r, from)
			return true
		})
		f.Excluded, f.ExcludedBytes = k.counts.Excluded, k.counts.ExcludedBytes
		if err == nil {
			err = f.unsent(w, c)
		}
		if err != nil && ctx.Err() == nil {
			f.Error = err.Error()
		}
		return ctx.Err()
	})
}

// each calls do for 0 to n-1, some at a time.
func (w *work) each(ctx context.Context, n int, do func(i int) error) error {
	var next atomic.Int64
	var all sync.WaitGroup
	errs := make([]error, runtime.GOMAXPROCS(0))
	for g := range errs {
		all.Go(func() {
			for errs[g] == nil && ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				errs[g] = do(i)
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// compare reads the topic, once, and again for what must be looked at closer.
func (w *work) compare(ctx context.Context) error {
	if err := w.pass(ctx, "topic "+w.name); err != nil {
		return err
	}
	for round := 1; ; round++ {
		again := w.set.Closer(closerMax)
		if len(again) == 0 {
			return nil
		}
		if err := w.reread(ctx, again); err != nil {
			return err
		}
		if err := w.pass(ctx, fmt.Sprintf("topic %s, closer look %d", w.name, round)); err != nil {
			return err
		}
	}
}

// pass reads the topic.
func (w *work) pass(ctx context.Context, what string) error {
	w.set.Begin()
	paths := map[string]bool{} // whether the time is left out
	for _, f := range w.files {
		paths[f.File.Path] = timed(f.options())
	}
	err := w.topic.read(ctx, w.counter(what, w.topic.records(), false), func(b *batch) {
		b.find(paths, w.Own, w.set)
	})
	if err != nil {
		return err
	}
	w.set.End(w.confirm)
	return nil
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

// confirm says whether the file has a value.
func (w *work) confirm(pf *proof.File, r proof.Record) bool {
	f := w.by[pf]
	piece := r.Part == 1 && !r.Final && f.options().Container != ""
	if !plain(f.options()) && !piece {
		return r.Cut // which cannot be told: what the brokers took is believed
	}
	c, err := f.File.open()
	if err != nil {
		return false
	}
	defer c.close()
	if piece {
		k := w.cutting(f.File, c)
		defer w.spare(k)
		return k.begins(r)
	}
	p := make([]byte, r.Size)
	n, err := c.pread(p, r.Offset)
	return err == nil && n == len(p) && hash(p) == r.Value
}

// counter tells the progress of a step.
func (w *work) counter(name string, total int64, bytes bool) func(int64) {
	var done atomic.Int64
	w.Progress(Step{Name: name, Total: total, Bytes: bytes})
	return func(n int64) {
		w.Progress(Step{Name: name, Done: done.Add(n), Total: total, Bytes: bytes})
	}
}
