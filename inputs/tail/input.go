package tail

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tailrace/agent/deadletter"
	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/jobs"
	"tailrace/inputs/tail/kin"
	"tailrace/inputs/tail/notify"
	"tailrace/inputs/tail/packed"
	"tailrace/inputs/tail/pattern"
	"tailrace/inputs/tail/record"
	"tailrace/inputs/tail/unpack"
)

// Options is what an Input is made of.
type Options struct {
	Inputs []Config
	Files  []journal.FileState // what the journal knows, sorted by ID
	// Life is up to when the runs before have seen what happened to files; a
	// file that is younger is unread. FirstStart says that no run before has
	// looked at all files, and Life is when the first one began. Only then do
	// files of an input with Start "end" that were there at that time begin
	// at their end; files that appear later are always read from their
	// beginning.
	Life       time.Time
	FirstStart bool
	// Readings is what the journal has of the ways in which spans that are not
	// acked were cut into records.
	Readings map[int]string
	Journal  Journal
	Log      *slog.Logger
	// HoldDeleted is how many bytes of disk space deleted files that wait to
	// be read may take; 0: any number.
	HoldDeleted int64
	// DeadLetter keeps the lines of inputs with LongLines "dead_letter"; nil:
	// they are truncated.
	DeadLetter *deadletter.File
	// NoNotify turns off notification by the file system.
	NoNotify bool
}

// Input follows the files of all inputs. Its methods are safe for any
// goroutine, but Run, which is called once.
type Input struct {
	o      Options
	log    *slog.Logger
	pats   *pattern.Set
	queues map[destination]*queue      // Run adds and forgets, holding mu
	takers map[string]func(flow.Topic) // of new queues, by output; under mu
	stats  counters
	pulse  flow.Pulse // of Run's loop
	disk   disk.Disk
	watch  *notify.Watcher
	// maxOpen is how many files may be held open.
	maxOpen int64

	book   *record.Book   // how bytes were, and are, cut into records; not changed after New
	forms  map[int]formOf // the same
	replay packed.Replay  // what Fetch has read last of compressed files

	// mu guards what Run changes and others read.
	mu     sync.Mutex
	files  map[flow.FileID]*file
	newest flow.FileID          // the last of them
	active map[*file]bool       // not done
	olds   map[flow.FileID]past // set once, at the end of the first scan
	lost   journal.Losses
	parked map[*file]parking
	// unlisted is why directories cannot be listed.
	unlisted map[string]string

	// todo is what other goroutines found for Run to see to.
	todoMu sync.Mutex
	todo   []task
	kick   chan struct{} // buffer of one: there is something in todo

	// open is the files that have a descriptor.
	openMu sync.Mutex
	open   map[*file]bool

	scanned chan struct{} // closed after the first full scan
	stopped chan struct{} // closed when Run returns
	begun   atomic.Int64  // full scans so far
	scans   atomic.Int64  // the number of the last that came to its end

	// The rest belongs to Run.
	oldQueues map[destination]*queue // of files that are no longer followed
	byKey     map[disk.Key]*file     // the newest content of each inode
	tails     map[string]*file       // the newest file of each path
	dirs      map[string]*dir
	fresh     []*file              // not yet in the journal
	cut       []*file              // found truncated by the look that is made
	later     []*file              // to be rechecked, when there is time
	hot       map[*file]bool       // had data a moment ago: polled
	unheard   bool                 // one of them is not heard of, as of the last poll and since
	draining  map[*file]bool       // rotated
	said      map[string]time.Time // when what is said once was said, or would have been
	starved   int                  // parked for lack of descriptors
	sizes     map[disk.Key]sized   // of files that may be changing: see settle.go
	kin       kin.Dirs             // where rotated files of a path are that are not in its directory
	links     kin.Links            // where the followed paths lead that are symbolic links
	forLook
	nearAgain time.Time       // when near may be listed again
	noHandles bool            // files cannot be opened by their handles
	first     bool            // the first scan is not done
	noted     bool            // the journal knows that it is
	dirty     map[string]*dir // something happened there since the last look
	scan      scan
	del       deletions
	waits     map[*file]bool // whose last record is given after a while
	skips     map[*file]bool // of which something was left out that is not noted
	unpack    unpack.Limits
	// parcels is the compressed files of which it is not known whose they
	// are; jobs is what is to be decompressed (packed_job.go).
	parcels  map[disk.Key]*parcel
	unbegun  map[disk.Key]*unbegun // new files that are not begun yet
	proofs   map[proofOf]*parcel   // see findPacked
	jobs     *jobs.Line
	prepared *readyPacked        // what it made ready; it is Run's when the job is done
	slots    packed.Slots[*file] // who may be decompressed
	// families is the known files by the paths that their names may come from,
	// until the scan ends, with those that were dropped since; nil: not sorted out.
	families map[string][]*file
	// renumbered is the device numbers that known files have no longer.
	renumbered map[uint64]bool
}

// task is one thing that Run is to see to.
type task struct {
	f    *file
	cold bool   // f is at its end
	err  error  // f could not be read; nil: it is not what it was
	do   func() // what somebody wants to have done there; nothing else is set
}

// dir is a directory that is looked at.
type dir struct {
	files   map[*file]bool   // whose place it is
	at      map[string]*file // which is where, of those that are not gone
	last    *disk.Listing    // the last collection
	prior   *disk.Listing    // what the last look saw at which no file had to wait; nil before it
	waits   bool             // a file that the look has found waits for what is in compressed ones
	looked  time.Time
	cost    time.Duration // of the last look: large directories are looked at less often
	dev     uint64        // the device that it was on when a known file was found in it; 0 before that
	missing bool          // a file that was missing is looked for once more
	again   time.Time     // when to look again though nothing happens; zero: never; see lookBy
}

// New returns an input that knows what the journal does. It reads nothing
// before Run.
func New(o Options) (*Input, error) {
	if o.Journal == nil {
		return nil, errors.New("tail: no journal")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Inputs = slices.Clone(o.Inputs)
	for i := range o.Inputs {
		if c := &o.Inputs[i]; c.CloseIdle == 0 {
			c.CloseIdle = openFor
		}
	}
	wanted := slices.ContainsFunc(o.Inputs, func(c Config) bool { return c.DeleteAfter > 0 })
	in := &Input{
		o: o, log: o.Log, pats: Patterns(o.Inputs), queues: map[destination]*queue{}, takers: map[string]func(flow.Topic){}, maxOpen: disk.OpenLimit(),
		files: map[flow.FileID]*file{}, active: map[*file]bool{}, open: map[*file]bool{}, parked: map[*file]parking{}, unlisted: map[string]string{},
		kick: make(chan struct{}, 1), scanned: make(chan struct{}), stopped: make(chan struct{}),
		oldQueues: map[destination]*queue{},
		byKey:     map[disk.Key]*file{}, tails: map[string]*file{}, dirs: map[string]*dir{},
		book: record.NewBook(o.Journal.Reading), forms: map[int]formOf{}, waits: map[*file]bool{}, skips: map[*file]bool{},
		hot: map[*file]bool{}, draining: map[*file]bool{}, said: map[string]time.Time{}, dirty: map[string]*dir{}, sizes: map[disk.Key]sized{}, first: true,
		unpack: unpack.Standard, parcels: map[disk.Key]*parcel{}, unbegun: map[disk.Key]*unbegun{}, proofs: map[proofOf]*parcel{}, slots: packed.NewSlots[*file](), renumbered: map[uint64]bool{},
		del: deletions{wanted: wanted, failed: map[*file]failure{}}, forLook: newForLook(),
	}
	in.jobs = jobs.New(func(do func()) { in.tell(task{do: do}) })
	if err := in.prepare(); err != nil {
		return nil, err
	}
	for _, s := range o.Files {
		in.resume(s)
	}
	in.chain()
	in.o.Files = nil // the garbage collector may have it
	return in, nil
}

// place puts f into the directory where it is.
func (in *Input) place(f *file) {
	path := filepath.Dir(f.now)
	in.noteKin(f.path, path)
	d := in.dir(path)
	d.files[f] = true
	d.at[f.now] = f
}

// displace takes f out of the directory where it was.
func (in *Input) displace(f *file) {
	d := in.dir(filepath.Dir(f.now))
	delete(d.files, f)
	if d.at[f.now] == f {
		delete(d.at, f.now)
	}
}

// move notes that f is at path now.
func (in *Input) move(f *file, path string) {
	in.displace(f)
	f.mu.Lock()
	f.now = path
	f.mu.Unlock()
	in.place(f)
	in.addMoved(f)
}

func (in *Input) dir(path string) *dir {
	d := in.dirs[path]
	if d == nil {
		d = &dir{files: map[*file]bool{}, at: map[string]*file{}}
		in.dirs[path] = d
	}
	return d
}

// tell leaves a task for Run.
func (in *Input) tell(t task) {
	in.todoMu.Lock()
	in.todo = append(in.todo, t)
	in.todoMu.Unlock()
	select {
	case in.kick <- struct{}{}:
	default:
	}
}

// cooled is called by Next when f is at its end.
func (in *Input) cooled(f *file) {
	if f.polled.CompareAndSwap(false, true) {
		in.tell(task{f: f, cold: true})
	}
}

// report is called by Next when f could not be read, or is not what it was.
func (in *Input) report(f *file, err error) { in.tell(task{f: f, err: err}) }

// Run follows the files until ctx ends. When it returns no descriptor is open
// and the feeds give nothing more.
func (in *Input) Run(ctx context.Context) error {
	defer close(in.stopped)
	defer in.close()
	if !in.o.NoNotify {
		in.watch = notify.New(in.log)
	}
	in.beginScan()
	return in.loop(ctx)
}

// close lets go of everything: the feeds first, so that nobody reads.
func (in *Input) close() {
	defer in.noteSkips() // nothing is read any more
	for _, q := range in.queues {
		q.Close()
	}
	in.watch.Close()
	in.jobs.End()
	if in.prepared != nil {
		in.prepared.close()
	}
	in.replay.LetGo(0)
	in.noteHeld()
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, f := range in.files {
		f.mu.Lock()
		f.close()
		f.mu.Unlock()
	}
	for k := range in.unbegun {
		in.dropUnbegun(k)
	}
}
