// Package lane is the exactly-once state machine of one topic-partition.
//
// It is pure: events go in, actions come out. It has no clock, no socket and
// no disk, and knows a batch only by a handle, its sequence numbers and its
// count, so that the same code runs in the agent and under the model test that
// tries every interleaving.
//
// The invariants, with the names that the comments use:
//
//   - I1: (producer id, epoch, number) is bound to one record for ever. Only
//     the cut into batches may change, by Remake.
//   - I2: a partition gets another producer id only when every number bound
//     under the former one is acked, or else by a rebind, which is reported.
//   - I3: the un-acked batches are contiguous, and each is in the journal
//     before it is handed to a connection.
//   - I4: warm means that a batch of this producer id was acked less than
//     WarmFor ago, so that the broker remembers the id.
package lane

// Window is how many batches are un-acked at most, and under way at most: as
// many as a broker remembers of a producer id. Parts of batches that were
// refused for their size may make it more, un-acked, until they are acked.
const Window = 5

// WarmFor is how long after an ack a producer id is taken to be remembered.
const WarmFor = 30 * 60 * 1000 // ms

// State is where the lane is.
type State uint8

const (
	Cold   State = iota // no producer id, nothing un-acked
	First               // a fresh producer id: one batch under way, until its NONE
	Open                // up to Window batches under way
	Resend              // from the oldest again, one under way, until its NONE
	Scan                // one under way, from the newest down, until a NONE
	Settle              // what arrived cannot be told: on the way to a rebind
)

// Config is what a machine needs to know.
type Config struct {
	Window int // batches; 0 for Window
}

// Machine is the state of one lane. It is for one goroutine.
type Machine struct {
	window int
	state  State
}

// New returns a machine that waits for Start.
func New(c Config) *Machine { return &Machine{window: c.Window} }

// Step takes one event at the time now, in Unix milliseconds, and returns what
// is to be done, in order. The slice is valid until the next Step. No time is
// measured but by now, which may stand still.
func (m *Machine) Step(now int64, e Event) []Action { return nil }

// Room reports whether one more batch of new lines may be offered now.
func (m *Machine) Room() bool { return false }

// State is where the lane is.
func (m *Machine) State() State { return m.state }

// Parked reports whether the lane waits for a person to put something right.
func (m *Machine) Parked() bool { return false }
