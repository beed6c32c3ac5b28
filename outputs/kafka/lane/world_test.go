package lane

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
)

// The model: a world of one agent, its journal, a broker with one partition,
// and the connections between. The agent is the real Machine; its driver here
// carries out actions in the same order as the real one. What may go wrong,
// and how often, is a budget; everything else may happen in any order.
//
// A batch is lines of one of two files; its handle says which. Order and
// completeness are per file, as for the real agent.

// history says how large a world is and what may go wrong in it.
type history struct {
	name   string
	lines  [2]int // of each file
	cut    []int  // lines of a batch: any of these
	window int    // batches under way, and remembered by the broker
	budget
	limit   int     // records that the broker takes in a batch at first, 0 for any
	notWarm bool    // a start never finds a recent ack in the journal
	rebinds bool    // a rebind may happen
	stamps  bool    // all timestamps are old: the broker may forget at any moment
	repeats bool    // possible repeats may be reported
	toHW    bool    // a wrong driver: reads the partition to the high watermark only
	forgets bool    // a wrong driver: its doubt is over once the partition was read
	codes   []int16 // what a walk refuses with; NOT_ENOUGH_REPLICAS else
	links   int     // old connections that still deliver, 0 for two
	first   bool    // the journal begins without the lane, and the partition with a record of another program
	hasty   bool    // the journal is lost while the very first batch is under way
}

// budget is how often a thing may still happen.
type budget struct {
	crash    int8 // kill -9, between any two actions
	power    int8 // power loss: the journal keeps any prefix of what is not synced
	rollback int8 // the same without a trace: a machine's image restored
	refuse   int8 // an error, nothing appended
	fail     int8 // REQUEST_TIMED_OUT after the append
	drop     int8 // connection lost, or not opened
	failover int8 // the new leader has any part of what is not committed
	restart  int8 // of the broker: it remembers one batch of a producer id
	forget   int8 // by the broker, of all producer ids, while the agent is down for long
	age      int8 // the agent is down for long, and the broker does not forget
	lower    int8 // of the limit to one record
	raise    int8 // of the limit to any
	deny     int8 // to read the partition, or to ask for a producer id's state
	lose     int8 // the state directory
}

type world struct {
	h *history
	budget
	limit int

	// The agent. m is nil while it is down.
	m      *Machine
	read   [2]int // the next line of each file to offer
	asked  bool   // for a producer id
	dial   int    // generation that is being opened
	timer  bool
	remake Handle
	how    How
	boot   uint8
	// The partition is read back from lookFrom to lookEnd.
	looking           bool
	lookFrom, lookEnd int
	doubted           bool // the start was in doubt
	peeking           bool // before it: whether the partition has a line at all
	asking            bool // for what the broker remembers: told
	told              Remembered
	known             [2]uint64 // lines that were found then

	disk    ledger   // the journal, as far as it is synced
	pending []Action // records behind it
	journal ledger   // with them
	maybe   [2]uint64
	owned   []Handle // batches that the driver holds for the machine

	// The broker.
	log      []line
	numbers  []number // of the records in log
	hw       int      // what is below is committed
	ids      []producer
	nextPID  int64
	links    []link // oldest first; the last may be open
	problems string

	// Of a walk: chance, and after how many actions of the next step to kill.
	chance *rand.Rand
	stop   int
}

// ledger is what the journal's records come to.
type ledger struct {
	unacked []entry
	pos     [2]int // acked lines of each file
	warm    int64  // the producer id of the last ack
	offset  int64
	boot    uint8 // of the last start
	doubt   bool
	from    int64 // where what is in doubt begins
	// settling: which of unacked arrived is in doubt, and nothing else; rests: it
	// says, of either doubt, since when nothing is sent.
	settling, rests bool
	// lane: it has the lane; used: and that it got a producer id.
	lane, used bool
}

type entry struct {
	Intent
	old bool // its numbers may be forgotten
}

// number is what a batch header says of a record.
type number struct {
	pid int64
	seq int32
}

// line is file<<8 | number.
type line uint16

// other is a record of another program.
const other line = 0xff << 8

// producer is what the broker knows of a producer id: all batches, of which it
// remembers the last ones.
type producer struct {
	pid     int64
	batches []stored
	known   int
}

type stored struct {
	first, count int32
	offset       int
}

// link is a connection: requests in order.
type link struct {
	gen   int // 0: closed by the agent, the broker still reads
	reqs  []request
	noted bool // it was there when the journal was told since when nothing is sent
}

type request struct {
	Intent
	status status
	code   int16
	offset int
}

type status uint8

const (
	queued   status = iota
	appended        // answered when it is committed
	answered
)

func handle(file, from, to int) Handle { return Handle(1<<24 | file<<16 | from<<8 | to) }

func (h Handle) span() (file, from, to int) {
	return int(h>>16) & 0xff, int(h>>8) & 0xff, int(h) & 0xff
}

func newWorld(h *history) *world {
	w := &world{h: h, budget: h.budget, limit: h.limit, nextPID: 1}
	if w.limit == 0 {
		w.limit = 99
	}
	w.disk.offset, w.journal.offset = -1, -1
	if h.first {
		w.log, w.numbers, w.hw = []line{other}, []number{{}}, 1
	}
	return w
}

func (w *world) clone() *world {
	c := *w
	if w.m != nil {
		m := *w.m
		m.window, m.rest, m.out = slices.Clone(m.window), slices.Clone(m.rest), nil
		c.m = &m
	}
	c.disk.unacked, c.journal.unacked = slices.Clone(w.disk.unacked), slices.Clone(w.journal.unacked)
	c.owned = slices.Clone(w.owned)
	c.pending, c.log = slices.Clone(w.pending), slices.Clone(w.log)
	c.ids, c.links, c.numbers = slices.Clone(w.ids), slices.Clone(w.links), slices.Clone(w.numbers)
	for i := range c.ids {
		c.ids[i].batches = slices.Clone(c.ids[i].batches)
	}
	for i := range c.links {
		c.links[i].reqs = slices.Clone(c.links[i].reqs)
	}
	return &c
}

func (w *world) problem(format string, a ...any) {
	if w.problems == "" {
		w.problems = fmt.Sprintf(format, a...)
	}
}

// check looks at what is committed: each file's lines are there in order, and
// none twice but those that were said to be possible repeats.
func (w *world) check() {
	var next [2]int
	for _, l := range w.log[:w.hw] {
		f, n := int(l>>8), int(l&0xff)
		switch {
		case l == other:
		case n == next[f]:
			next[f]++
		case n > next[f]:
			w.problem("line %d of file %d is ahead of line %d: %v", n, f, next[f], w.log)
		case w.maybe[f]&(1<<n) == 0:
			w.problem("line %d of file %d is repeated: %v", n, f, w.log)
		}
	}
}

// done reports whether all is delivered and acked.
func (w *world) done() bool {
	if w.m == nil || len(w.m.window) > 0 || w.journal.pos != w.h.lines {
		return false
	}
	var next [2]int
	for _, l := range w.log[:w.hw] {
		if l != other && int(l&0xff) == next[l>>8] {
			next[l>>8]++
		}
	}
	return next == w.h.lines
}

// normalise makes worlds equal that only differ in names: generations,
// producer ids, counters that change no rule.
func (w *world) normalise() {
	w.trim()
	if m := w.m; m != nil {
		for i := range w.links {
			if w.links[i].gen != 0 {
				w.links[i].gen = 1
			}
		}
		if w.dial != 0 {
			w.dial = 1
		}
		m.gen, m.tries, m.spoiled, m.own, m.told = 1, 0, 0, false, Report{}
		m.why = 0
		if m.making == 0 {
			m.how = 0
		}
		if !m.Settling() {
			m.cause, m.again = "", false
		}
		if m.state != Scan {
			m.probe = 0
		}
		if m.state == Cold {
			m.pid, m.next, m.warmAt, m.bound = 0, 0, 0, 0
		}
	}
	if !w.journal.rests && !w.disk.rests && len(w.pending) == 0 {
		for i := range w.links {
			w.links[i].noted = false
		}
	}
	if len(w.journal.unacked) == 0 && len(w.pending) == 0 && (w.m == nil || w.m.pid != w.journal.warm) {
		w.journal.warm, w.disk.warm = 0, 0
	}
	w.renamePIDs()
}

// trim forgets the oldest of too many old connections.
func (w *world) trim() {
	old := func(l link) bool { return l.gen == 0 }
	n := 0
	for _, l := range w.links {
		if old(l) {
			n++
		}
	}
	for ; n > max(w.h.links, 2); n-- {
		i := slices.IndexFunc(w.links, old)
		w.links = slices.Delete(w.links, i, i+1)
	}
}

// renamePIDs forgets the producer ids that nobody can use any more, and
// numbers the others from 1.
func (w *world) renamePIDs() {
	if len(w.pending) > 0 {
		return // the records there name them too
	}
	var all []*int64
	if w.m != nil && w.m.pid != 0 {
		all = append(all, &w.m.pid)
	}
	for _, l := range []*ledger{&w.disk, &w.journal} {
		if l.warm != 0 {
			all = append(all, &l.warm)
		}
		for i := range l.unacked {
			all = append(all, &l.unacked[i].PID)
		}
	}
	for i := range w.links {
		for j := range w.links[i].reqs {
			all = append(all, &w.links[i].reqs[j].PID)
		}
	}
	var live []int64
	for _, p := range all {
		live = append(live, *p)
	}
	slices.Sort(live)
	live = slices.Compact(live)
	for i := range w.numbers {
		if n := &w.numbers[i]; slices.Contains(live, n.pid) {
			n.pid = int64(slices.Index(live, n.pid)) + 1
		} else {
			*n = number{}
		}
	}
	name := func(p int64) int64 { return int64(slices.Index(live, p)) + 1 }
	for _, p := range all {
		*p = name(*p)
	}
	w.ids = slices.DeleteFunc(w.ids, func(p producer) bool { return !slices.Contains(live, p.pid) })
	for i := range w.ids {
		w.ids[i].pid = name(w.ids[i].pid)
	}
	w.nextPID = int64(len(live)) + 1
}

// key appends what tells a normalised world from others.
func (w *world) key(b []byte) []byte {
	n := func(v ...int) {
		for _, v := range v {
			b = binary.AppendVarint(b, int64(v))
		}
	}
	flags := func(f ...bool) {
		v := 0
		for i, f := range f {
			if f {
				v |= 1 << i
			}
		}
		n(v)
	}
	intent := func(i Intent) { n(int(i.Batch), int(i.First), int(i.Count), int(i.PID)) }
	u := w.budget
	for _, c := range []int8{u.crash, u.power, u.rollback, u.refuse, u.fail, u.drop, u.failover, u.restart, u.forget, u.age, u.lower, u.raise, u.deny, u.lose} {
		b = append(b, byte(c))
	}
	n(w.limit, w.read[0], w.read[1], w.dial, int(w.remake), int(w.boot), int(w.maybe[0]), int(w.maybe[1]), w.hw, int(w.nextPID))
	flags(w.m == nil, w.asked, w.timer, w.looking, w.doubted, w.asking, w.told.Known, w.peeking)
	n(int(w.told.Last), w.lookFrom, w.lookEnd, int(w.known[0]), int(w.known[1]))
	if m := w.m; m != nil {
		b = append(append(b, m.cause...), 0)
		n(int(m.state), int(m.pid), int(m.next), int(m.warmAt), int(m.offset), int(m.held.Batch), int(m.conn))
		n(m.open, m.sent, m.probe, int(m.making), int(m.how), len(m.window))
		flags(m.replay, m.asking, m.waiting, m.again, m.maybe, m.noted)
		n(int(m.from), int(m.sentAt), len(m.rest))
		for _, x := range append(slices.Clone(m.rest), m.window...) {
			n(int(x.Batch), int(x.First), int(x.Count))
			flags(x.tried, x.gone, x.once)
		}
	}
	for _, l := range []*ledger{&w.disk, &w.journal} {
		n(l.pos[0], l.pos[1], int(l.warm), int(l.offset), len(l.unacked), int(l.boot), int(l.from))
		flags(l.doubt, l.settling, l.rests, l.lane, l.used)
		for _, e := range l.unacked {
			intent(e.Intent)
			flags(e.old)
		}
	}
	n(len(w.pending))
	for _, p := range w.pending {
		b = fmt.Append(b, p)
	}
	n(len(w.log))
	for i, l := range w.log {
		n(int(l), int(w.numbers[i].pid), int(w.numbers[i].seq))
	}
	for _, p := range w.ids {
		n(int(p.pid), p.known, len(p.batches))
		for _, s := range p.batches {
			n(int(s.first), int(s.count), s.offset)
		}
	}
	n(len(w.links))
	for _, l := range w.links {
		n(l.gen, len(l.reqs))
		flags(l.noted)
		for _, r := range l.reqs {
			intent(r.Intent)
			n(int(r.status), int(r.code), r.offset)
		}
	}
	return b
}
