// Package journal keeps on disk what was sent and what was acked, so that an
// agent that was killed goes on where it was.
//
// It is a directory with a lock and two generations of one file of readable
// lines (records.go). A generation begins with a snapshot of the state, closed
// by an End record; what happens is appended. When enough is appended, or a
// run begins, the next generation is made: written to a temporary name, synced,
// renamed. The one before it is kept.
//
// What a process wrote survives its kill; a power loss takes at most what was
// written since the last sync, unless Options.Sync is 0. A file beside it tells
// how long the newest is (length.go), so that an end that was cut off is missed.
// A file that is torn or damaged anywhere costs the records that are damaged.
package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"tailrace/agent/flow"
)

const (
	// compactMin is how many bytes are appended at least before a new
	// generation, and compactFactor how many times its snapshot.
	compactMin    = 1 << 20
	compactFactor = 4
	// notesMax bounds the notes, in bytes, that wait for a disk that is full.
	notesMax = 1 << 20
	// bufMax is up to how many bytes the memory of one write is kept for the
	// next.
	bufMax = 1 << 20
	// retryEvery is how often a generation that could not be made is tried again.
	retryEvery = time.Second
)

// Options of a journal. The zero value is right but for Log, which may be nil.
type Options struct {
	// Sync is how often what was written is made durable. 0: before every
	// Write returns, and within a second for a Note.
	Sync time.Duration
	Log  *slog.Logger // nil: nowhere
	Host string       // its name, which is kept; "": none

	disk       disk             // nil: the real one
	now        func() time.Time // nil: time.Now
	compactMin int64            // 0: compactMin
	asideMin   int64            // 0: asideMin
}

// Journal is an open journal. All its methods are safe for any goroutine.
type Journal struct {
	dir    string
	o      Options
	lock   *os.File
	here   Header // for the generations of this run
	found  found
	fold   *fold
	wake   chan struct{} // of one: there is something to sync or to try again
	quit   chan struct{}
	ended  chan struct{}
	closed bool // guarded by mu
	synced syncs

	// mu guards all below, and whoever changes fold holds it. The order of
	// the records in the file is the order in which they are applied.
	mu sync.Mutex
	// out is nil until the first generation of this run could be made.
	out       *out
	length    file // has its length, nil when it could not be made
	lengthBuf []byte
	gen       uint64 // of out; until then the highest number in the directory
	source    uint64 // the generation before the next one
	snapshot  int64  // bytes of out that are its snapshot
	// notes are lines that are applied but could not be written yet; they
	// come before anything else.
	notes []byte
	// must: nothing can be written but a new generation, since out is nil or
	// notes were dropped because the fold has them.
	must bool
	// doubt: out may have lost what was written before a sync that failed.
	// Only a new generation is durable for sure.
	doubt bool
	// astray: the directory, or what of it is in use, was deleted or replaced.
	astray   bool
	written  int64 // bytes that were appended
	dirty    bool  // out was written since the last sync
	dirtyDir bool  // the rename to out's name is not synced
	retryAt  time.Time
	retryErr error // why no generation could be made at the last try
	buf      []byte
	aside    *aside         // the generation that is made aside, or nil
	making   sync.WaitGroup // that it is made

	writing, syncing, renewing, losing trouble
}

// Open opens the journal in dir, which it creates, and begins a generation.
// It fails when dir cannot be created, listed or locked. When there is no room
// for a generation the state is there all the same, Write fails, and the
// journal keeps trying.
func Open(dir string, o Options) (*Journal, error) {
	o.defaults()
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("state directory %s cannot be created: %w: create it for the user that tailrace runs as, or set another state_dir", dir, err)
	}
	lock, err := lockDir(dir, o.now())
	if err != nil {
		return nil, err
	}
	noted := readLength(o.disk, dir)
	gens, err := generations(o.disk, dir)
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("state directory %s cannot be read: %w: let the user that tailrace runs as read it, or set another state_dir", dir, err)
	}
	j := &Journal{
		dir: dir, o: o, lock: lock, here: place(dir, o.now()), must: true,
		wake: make(chan struct{}, 1), quit: make(chan struct{}), ended: make(chan struct{}),
		writing:  trouble{log: o.Log, what: "journal: cannot be written, nothing new is shipped until it can. Make room on the file system of state_dir", over: "journal: is written again"},
		syncing:  trouble{log: o.Log, what: "journal: cannot be synced, a power loss may repeat lines. Look at the disk", over: "journal: is synced again"},
		losing:   trouble{log: o.Log, what: "journal: the state directory was deleted or replaced while tailrace runs. It is made again, and all that is known is written anew; leave it alone, or stop tailrace before", over: "journal: is in its directory again"},
		renewing: trouble{log: o.Log, what: "journal: cannot be compacted and grows. Make room on the file system of state_dir", over: "journal: is compacted again"},
	}
	j.here.Always = o.Sync == 0
	j.begin(gens, noted)
	go j.run()
	return j, nil
}

func (o *Options) defaults() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.disk == nil {
		o.disk = osDisk{}
	}
	if o.now == nil {
		o.now = time.Now
	}
	if o.compactMin == 0 {
		o.compactMin = compactMin
	}
	if o.asideMin == 0 {
		o.asideMin = asideMin
	}
}

// begin reads what there is and makes the first generation of this run.
func (j *Journal) begin(gens []uint64, noted length) {
	l := load(j.o.disk, j.dir, gens, noted, j.o.Log)
	j.fold, j.source = l.fold, l.source
	if len(gens) > 0 {
		j.gen = gens[len(gens)-1]
	}
	j.found = l.found(j.here)
	j.here.carry(&j.found.State, j.o.Host)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.writing.check(j.renew())
	j.rouse()
}

// State is what Open found. The caller may change it. Only the first call gives
// Files: they are not kept, since they may be many.
func (j *Journal) State() State {
	j.mu.Lock()
	found := j.found
	j.found.files = nil
	j.mu.Unlock()
	return found.state()
}

// Lanes is what is known now of the lanes to a topic, older ones first.
func (j *Journal) Lanes(output, topic string) (lanes []LaneState) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range j.fold.sortedLanes() {
		if s.Output == output && s.Topic == topic {
			lanes = append(lanes, s.state())
		}
	}
	return lanes
}

// Acked is how far a file is acked, and the mark there; 0 when the file is not
// known. It does not wait for the disk.
func (j *Journal) Acked(id flow.FileID) (int64, flow.Mark) { return j.fold.acked(id) }

// NewFile is a number that no file had in the journal's life.
func (j *Journal) NewFile() flow.FileID { return j.fold.nextFile() }

// NewLane is a number that no lane had in the journal's life, from 1.
func (j *Journal) NewLane() int32 { return j.fold.nextLane() }

// Close writes and syncs what is left and gives the directory free. What is
// written later fails.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return nil
	}
	j.closed = true
	j.checkHome()
	j.retryAt = time.Time{} // the last chance
	err := j.flush([]Record{{Closed: &Closed{Time: j.o.now().UnixMilli()}}}, true)
	if j.out != nil {
		err = errors.Join(err, j.out.file.Close())
	}
	if j.length != nil {
		j.length.Close() // nothing depends on it any more
	}
	j.mu.Unlock()
	close(j.quit)
	<-j.ended
	j.making.Wait()
	if err = errors.Join(err, j.lock.Close()); err != nil {
		return fmt.Errorf("journal %s: its last records could not be written: %w: see to that file system; the next start goes on from what it has, and what it sends again counts once", j.dir, err)
	}
	return nil
}
