package journal

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
)

// fakeDisk is a directory in memory. Each call that changes something is a
// step, at which it can fail or the process can end.
type fakeDisk struct {
	mu    sync.Mutex
	names map[string]*fakeFile // as the processes see it
	kept  map[string]*fakeFile // as a power loss leaves it
	steps int
	// outcome decides a step: how much of a write of n bytes is done, and the
	// error. nil: all of it.
	outcome func(step int, op string, n int) (int, error)
}

type fakeFile struct {
	d      *fakeDisk
	data   []byte
	synced []byte
	closed bool
}

var errDead = errors.New("the process is gone")

func newFakeDisk() *fakeDisk {
	return &fakeDisk{names: map[string]*fakeFile{}, kept: map[string]*fakeFile{}}
}

// step is one change; d.mu is held.
func (d *fakeDisk) step(op string, n int) (int, error) {
	d.steps++
	if d.outcome == nil {
		return n, nil
	}
	return d.outcome(d.steps, op, n)
}

// count is how many steps there were.
func (d *fakeDisk) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.steps
}

func (d *fakeDisk) List(string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Collect(maps.Keys(d.names)), nil
}

func (d *fakeDisk) Open(name string) (io.ReadCloser, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.names[filepath.Base(name)]
	if f == nil {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(slices.Clone(f.data))), nil
}

func (d *fakeDisk) Create(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.step("create", 0); err != nil {
		return nil, err
	}
	f := &fakeFile{d: d}
	d.names[filepath.Base(name)] = f
	return f, nil
}

func (d *fakeDisk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.step("rename", 0); err != nil {
		return err
	}
	d.names[filepath.Base(to)] = d.names[filepath.Base(from)]
	delete(d.names, filepath.Base(from))
	return nil
}

func (d *fakeDisk) Is(name string, f file) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return f == d.names[filepath.Base(name)]
}

func (d *fakeDisk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.step("remove", 0); err != nil {
		return err
	}
	delete(d.names, filepath.Base(name))
	return nil
}

func (d *fakeDisk) SyncDir(string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.step("syncdir", 0); err != nil {
		return err
	}
	d.kept = maps.Clone(d.names)
	return nil
}

func (f *fakeFile) WriteAt(p []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	n, err := f.d.step("write", len(p))
	if grow := int(off) + n - len(f.data); grow > 0 && n > 0 {
		f.data = append(f.data, make([]byte, grow)...)
	}
	copy(f.data[min(int(off), len(f.data)):], p[:n])
	return n, err
}

func (f *fakeFile) Truncate(size int64) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if _, err := f.d.step("truncate", 0); err != nil {
		return err
	}
	f.data = f.data[:min(int(size), len(f.data))]
	return nil
}

func (f *fakeFile) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if _, err := f.d.step("sync", 0); err != nil {
		return err
	}
	f.synced = slices.Clone(f.data)
	return nil
}

func (f *fakeFile) Close() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.closed = true
	return nil
}

// after is the disk as the next process finds it: all of it after a kill, what
// was synced after a power loss.
func (d *fakeDisk) after(powerLoss bool) *fakeDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	next, from := newFakeDisk(), d.names
	if powerLoss {
		from = d.kept
	}
	for name, f := range from {
		data := f.data
		if powerLoss {
			data = f.synced
		}
		next.names[name] = &fakeFile{d: next, data: slices.Clone(data), synced: slices.Clone(data)}
	}
	next.kept = maps.Clone(next.names)
	return next
}

// dieAt ends the process at a step: of a write, part is done.
func dieAt(at int, part func(n int) int) func(int, string, int) (int, error) {
	return func(step int, op string, n int) (int, error) {
		switch {
		case step < at:
			return n, nil
		case step == at && op == "write":
			return part(n), errDead
		}
		return 0, errDead
	}
}

// full lets nothing be written while it says so: half of what is tried first.
func full(on *bool) func(int, string, int) (int, error) {
	return func(_ int, op string, n int) (int, error) {
		if *on && (op == "write" || op == "create") {
			return n / 2, syscall.ENOSPC
		}
		return n, nil
	}
}
