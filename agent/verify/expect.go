package verify

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"tailrace/agent/proof"
)

// expect reads the files.
func (w *work) expect(ctx context.Context) error {
	var total int64
	for _, f := range w.files {
		f.measure(w)
		if w.reads(f.File) {
			total += f.File.To - f.File.From
		}
	}
	w.set = proof.New(w.block(total))
	w.add(false)
	w.add(true)
	done := w.counter("files", total, true)
	return w.each(ctx, len(w.files), func(i int) error {
		f := w.files[i]
		if f.Error != "" || f.proof == nil {
			return nil
		}
		if err := w.expectFile(ctx, f, done); err != nil && ctx.Err() == nil {
			f.Error = err.Error()
		}
		return ctx.Err()
	})
}

// add adds the files to the set, or those that the agent does not know.
func (w *work) add(unknown bool) {
	for _, f := range w.files {
		if !w.reads(f.File) || unknown != (f.File.Unknown != "") {
			continue
		}
		add := w.set.Add
		if unknown {
			add = w.set.AddSpare
		}
		f.proof = add(f.File.Path, f.File.From, f.File.To, w.numbers[f.File.Source].number)
		f.proof.Part(f.File.Alike)
		w.by[f.proof] = f
	}
}

// expectFile reads one.
func (w *work) expectFile(ctx context.Context, f *subject, done func(int64)) error {
	c, err := f.File.open()
	if err != nil {
		return err
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
	f.CutOff = k.cutOff
	if err == nil {
		err = f.unsent(w, c)
	}
	return err
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

// counter tells the progress of a step.
func (w *work) counter(name string, total int64, bytes bool) func(int64) {
	var done atomic.Int64
	w.Progress(Step{Name: name, Total: total, Bytes: bytes})
	return func(n int64) {
		w.Progress(Step{Name: name, Done: done.Add(n), Total: total, Bytes: bytes})
	}
}
