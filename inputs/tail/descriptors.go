package tail

import (
	"maps"
	"slices"

	"golang.org/x/sys/unix"
)

// openLimit is how many files may be held open: half of the descriptors that
// the process may have, since the brokers' sockets, the journal and the looks
// at directories need some too. Beyond it a file is opened for each read and
// closed after it, and what is deleted unread is not read.
func openLimit() int64 {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil || r.Cur > 1<<20 {
		return 1 << 19
	}
	return max(8, min(int64(r.Cur)/2, int64(r.Cur)-64))
}

// opened and closed keep count of the files that have a descriptor.
func (in *Input) opened(f *file) {
	in.stats.open.Add(1)
	in.openMu.Lock()
	defer in.openMu.Unlock()
	in.open[f] = true
}

func (in *Input) closed(f *file) {
	in.stats.open.Add(-1)
	in.openMu.Lock()
	defer in.openMu.Unlock()
	delete(in.open, f)
}

// openFiles is those that have a descriptor now, in any order.
func (in *Input) openFiles() []*file {
	in.openMu.Lock()
	defer in.openMu.Unlock()
	return slices.Collect(maps.Keys(in.open))
}

// full says whether no more files are to be held open.
func (in *Input) full() bool { return in.stats.open.Load() >= in.maxOpen }

// spare closes the file when too many are open, unless no name leads to it: it
// could not be opened again. The caller holds mu.
func (f *file) spare() {
	if f.fd < 0 || f.z != nil || f.queue.in.stats.open.Load() <= f.queue.in.maxOpen {
		return
	}
	if e, err := f.content().describe(); err == nil && e.nlink > 0 {
		f.close()
	}
}
