package journal

import (
	"sync/atomic"
	"time"
)

// Stats is how the journal is doing.
type Stats struct {
	Generation uint64        // that is written
	Bytes      int64         // of it
	Written    int64         // bytes since Open, snapshots not among them
	Waiting    int64         // bytes that could not be written yet
	Syncs      int64         // since Open
	SyncTime   time.Duration // that they took, all together
	// Failing says of the steps "write", "sync" and "compact" whether they
	// fail at present.
	Failing map[string]bool
}

// syncs counts what it took to make the journal durable. Any goroutine.
type syncs struct {
	n     atomic.Int64
	nanos atomic.Int64
}

// timed syncs f.
func (j *Journal) timed(f file) error {
	begin := time.Now()
	err := f.Sync()
	j.synced.n.Add(1)
	j.synced.nanos.Add(int64(time.Since(begin)))
	return err
}

// Stats waits for a write that is under way.
func (j *Journal) Stats() Stats {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := Stats{
		Generation: j.gen, Written: j.written, Waiting: int64(len(j.notes)),
		Syncs: j.synced.n.Load(), SyncTime: time.Duration(j.synced.nanos.Load()),
		Failing: map[string]bool{"write": j.writing.on, "sync": j.syncing.on, "compact": j.renewing.on},
	}
	if j.out != nil {
		s.Bytes = j.out.size
	}
	return s
}
