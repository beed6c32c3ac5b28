package lane

// Window is how many batches are under way at most: as many as a broker
// remembers of a producer id. No more than that are un-acked, but for parts of
// batches that were cut.
const Window = 5

const (
	// settleFor is for how many ms after a connection was closed a request on
	// it may still be taken: a broker that works on the five requests that it
	// had received, each for as long as a request may take (10 s); before that
	// the kernel of a process that died, which gives up after 30 s
	// (TCP_USER_TIMEOUT); and 10 s for what nobody thought of.
	settleFor = 90 * 1000
	warmFor   = 30 * 60 * 1000      // ms after an ack
	believed  = 60 * 60 * 1000      // ms that an intent may be old at a start
	forgotten = 12 * 60 * 60 * 1000 // ms; a broker forgets an idle id after a day by default
)

// State is where the lane is.
type State uint8

const (
	Cold     State = iota // no producer id, nothing un-acked
	First                 // a fresh producer id: one batch under way, until its NONE
	Open                  // up to Window batches under way
	Resend                // from the oldest again, one under way, until its NONE
	Scan                  // one under way, from the newest down, until a NONE
	Ask                   // asks the leader whether it remembers the producer id
	Settle                // what arrived cannot be told: waits until nothing more can
	ReadBack              // looks for it in the partition
	Rebind                // what is missing there goes under another producer id
)

// Config is what a machine may be told.
type Config struct {
	Window int   // batches, at most Window; 0 for Window
	Settle int64 // ms; 0 for settleFor
	// Stamp is the newest timestamp of a batch's records, Unix milliseconds,
	// where they have their own; 0: all have the time at which it was made.
	// It never changes for a batch. nil: none has.
	Stamp func(Handle) int64

	without rule // for the model test
}

// Machine is the state of one lane. It is for one goroutine.
type Machine struct {
	Config
	now int64    // of this Step, Unix milliseconds
	out []Action // of this Step

	state  State
	pid    int64
	epoch  int16
	next   int32 // the number of the next record
	window []batch
	replay bool  // the window is from before the start
	bound  int64 // when the newest number was bound
	warmAt int64 // the last ack under this producer id, or word that it is remembered, 0 for none
	stamp  int64 // Stamp of the last batch that was acked under this producer id
	offset int64 // the highest offset acked on the partition, -1 for none

	held   Offer   // waits for its producer id
	asking bool    // a producer id is asked for, or will be after the wait
	cause  string  // why the lane settles
	from   int64   // where what is not acked may begin in the partition, -1 unknown
	sentAt int64   // until when a request without an answer may have been on a connection
	noted  bool    // the journal has that the lane settles, or is in doubt, and when it sent last
	again  bool    // the numbers may be used again when the partition cannot be read
	rest   []batch // in Rebind: what goes under another producer id
	maybe  bool    // in Rebind: rest may be in the partition

	gen   int // of the connection
	conn  conn
	open  int // requests on it that are not answered
	sent  int // how many batches of the window are under way, from the oldest
	probe int // in Scan, the one of the window that is under way, or will be

	making  Handle // what the driver makes anew
	how     How
	why     int16  // the code that it was refused with
	tries   int    // failures since the last NONE
	spoiled int    // of them, in a row, those that said "corrupt"
	own     bool   // the next connection is to be the lane's own
	waiting bool   // for a Timer
	told    Report // the trouble that people know of
}

// batch is an un-acked batch.
type batch struct {
	Bound
	tried bool // handed to a connection, in this run or a former one
	once  bool // and that was the first time
	gone  bool // its bytes are
}

type conn uint8

const (
	closed conn = iota
	opening
	up
)

// New returns a machine that waits for Start.
func New(c Config) *Machine {
	if c.Window <= 0 || c.Window > Window {
		c.Window = Window
	}
	if c.Settle == 0 {
		c.Settle = settleFor
	}
	return &Machine{Config: c, offset: -1, from: -1}
}

// Step takes one event at the time now, in Unix milliseconds, and returns what
// is to be done, in order. The slice is valid until the next Step.
func (m *Machine) Step(now int64, e Event) []Action {
	m.now, m.out = now, m.out[:0]
	switch e := e.(type) {
	case Start:
		m.start(e)
	case Offer:
		m.offer(e)
	case Granted:
		m.granted(e)
	case GrantFailed:
		m.notGranted(e.Code)
	case Up:
		m.connected(e.Gen)
	case Down:
		m.down(e)
	case Answer:
		m.answer(e)
	case Timer:
		m.timer()
	case Remade:
		m.remade(e)
	case Gone:
		m.gone(e.Batch)
	case Found:
		m.found(e)
	case Unread:
		m.unread(e.Code)
	case Remembered:
		m.remembered(e)
	case Unasked:
		m.unasked(e.Code)
	case NewTopic:
		m.newTopic(e)
	}
	return m.out
}

// Room reports whether one more batch of new lines may be offered now.
func (m *Machine) Room() bool {
	if m.held.Batch != 0 || m.replay {
		return false
	}
	switch m.state {
	case Cold:
		return true
	case First:
		return len(m.window) == 0 || (!m.keeps(firstAlone) && len(m.window) < m.Window)
	case Open:
		return len(m.window) < m.Window
	}
	return false
}

// Settling reports whether the lane finds out what arrived.
func (m *Machine) Settling() bool {
	return m.state == Settle || m.state == ReadBack || m.state == Rebind
}

// Cause is why the lane settles, or did last.
func (m *Machine) Cause() string { return m.cause }

// Batches is the un-acked batches, oldest first.
func (m *Machine) Batches() (all []Handle) {
	for _, b := range m.window {
		all = append(all, b.Batch)
	}
	return all
}

// State is where the lane is.
func (m *Machine) State() State { return m.state }

// Parked reports whether the lane waits for a person to put something right.
func (m *Machine) Parked() bool { return m.told.Kind == Parked }

// Unacked is how many batches are un-acked.
func (m *Machine) Unacked() int { return len(m.window) }

func (m *Machine) do(a Action) { m.out = append(m.out, a) }

// warm is I4.
func (m *Machine) warm() bool { return m.warmAt > 0 && m.now-m.warmAt < warmFor }

// after is the number n records behind first: 2^31-1 is followed by 0.
func after(first, n int32) int32 { return int32((int64(first) + int64(n)) & (1<<31 - 1)) }
