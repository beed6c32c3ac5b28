package lane

import "slices"

// start takes over what the journal knows (L7).
func (m *Machine) start(s Start) {
	m.offset, m.from, m.sentAt = s.Offset, s.Offset, s.Sent
	if s.Doubt != "" {
		m.from, m.noted = s.From, true
	}
	if len(s.Unacked) == 0 {
		if s.Doubt != "" && m.keeps(heedDoubt) {
			m.settle(s.Doubt, true)
		}
		return
	}
	oldest, newest := s.Unacked[0], s.Unacked[len(s.Unacked)-1]
	m.pid, m.epoch, m.next = newest.PID, newest.Epoch, after(newest.First, newest.Count)
	m.warmAt, m.bound, m.replay, m.state = s.AckedAt, s.Newest, true, Resend
	whole, first := true, oldest.First
	for _, u := range s.Unacked {
		whole = whole && u.PID == m.pid && u.Epoch == m.epoch && u.First == first
		first = after(u.First, u.Count)
		m.window = append(m.window, batch{Bound: u.Bound, tried: m.keeps(replayFirst)})
	}
	age := max(m.now-s.Newest, s.Newest-m.now)
	switch {
	case !m.keeps(replayFirst):
		m.rest = slices.Clone(m.window)
		m.end()
	case !whole:
		m.settle("journal damaged", false)
	case !m.keeps(heedDoubt):
		m.pump()
	case s.Doubt != "":
		m.settle(s.Doubt, true)
	case age > believed:
		m.ask("agent was down for long", true)
	default:
		m.pump()
	}
}

// offer takes a batch of new lines. Without a producer id it waits for one: an
// idle lane needs none.
func (m *Machine) offer(o Offer) {
	if !m.Room() || o.Count < 1 {
		return
	}
	if m.state == Open && !m.warm() {
		m.cool()
	}
	if m.state == Cold {
		m.held = o
		m.getPID()
		return
	}
	m.bind(o)
	m.pump()
}

// cool ends a stream that was idle for so long that the broker may have
// forgotten it: pipelined, its next batches are those of a cold one. With
// nothing un-acked, a fresh producer id is exact.
func (m *Machine) cool() {
	if len(m.window) == 0 {
		m.state = Cold
		return
	}
	m.state = Resend
}

// bind gives the batch the next numbers, for ever (I1).
func (m *Machine) bind(o Offer) {
	b := Bound{Batch: o.Batch, First: m.next, Count: o.Count}
	m.next = after(b.First, b.Count)
	m.window = append(m.window, batch{Bound: b})
	m.bound = m.now
	if m.keeps(intentFirst) {
		m.do(WriteIntent{m.intent(b)})
		return
	}
	m.pump()
	m.do(WriteIntent{m.intent(b)})
}

func (m *Machine) intent(b Bound) Intent { return Intent{Bound: b, PID: m.pid, Epoch: m.epoch} }

// getPID gets a producer id (L1).
func (m *Machine) getPID() {
	m.asking = true
	m.do(GetPID{})
}

// granted opens a stream under a fresh producer id.
func (m *Machine) granted(g Granted) {
	if !m.asking {
		return
	}
	// A coordinator that is loading answers -1: a batch with that number is
	// taken without any deduplication.
	if g.PID < 0 {
		m.notGranted(14)
		return
	}
	m.asking = false
	m.pid, m.epoch, m.next, m.warmAt, m.stamp = g.PID, g.Epoch, 0, 0, 0
	if m.state == Rebind {
		m.rebound()
	} else {
		m.do(WritePID(g))
		o := m.held
		m.held = Offer{}
		m.state = First
		m.bind(o)
	}
	m.pump()
}

func (m *Machine) notGranted(code int16) {
	if m.asking {
		m.tryAgain(code)
	}
}

// pump sends what may be sent now, and sees to a connection for it.
func (m *Machine) pump() {
	switch {
	case len(m.window) == 0 || m.asking || m.waiting || m.making != 0 || m.state == Ask || m.Settling():
		return
	case m.window[0].gone:
		m.settle("bytes gone", false)
		return
	case m.grownOld():
		m.settle("brokers were away for long", true)
		return
	case m.sent == 0 && m.unsure():
		m.settle("old timestamps", true)
		return
	case m.conn == closed:
		m.connect()
		return
	case m.conn == opening:
		return
	}
	if m.state == Scan {
		m.send(m.probe)
		return
	}
	for m.sent < min(len(m.window), m.limit()) && !m.window[m.sent].gone {
		m.sent++
		m.send(m.sent - 1)
	}
}

// grownOld notices that no broker took anything for so long that it may have
// forgotten the producer id meanwhile.
func (m *Machine) grownOld() bool {
	if m.now-m.bound < forgotten || m.sent > 0 {
		return false
	}
	m.bound = m.now
	return tried(m.window) > 0
}

// limit is how many batches may be under way (L2, L5).
func (m *Machine) limit() int {
	if m.state == Open && !m.faint() || !m.keeps(firstAlone) {
		return m.Window
	}
	return 1
}

func (m *Machine) send(i int) {
	b := &m.window[i]
	b.once, b.tried = !b.tried, true
	if m.noted && m.keeps(noteSends) {
		m.do(WriteSending{})
	}
	m.noted = false
	m.open++
	m.do(Send{m.gen, m.intent(b.Bound)})
}

func (m *Machine) connect() {
	m.gen++
	m.conn = opening
	m.do(Connect{Gen: m.gen, Refresh: m.tries > 0 || m.Parked(), Own: m.own})
}

func (m *Machine) connected(gen int) {
	if gen == m.gen && m.conn == opening {
		m.conn = up
		m.pump()
	}
}

// answer matches an answer to what is under way (L4): by generation and batch.
func (m *Machine) answer(a Answer) {
	if a.Gen != m.gen || m.conn != up {
		return
	}
	m.open--
	switch i := m.find(a.Batch); {
	case i < 0 || !m.underWay(i):
	case taken(a.Code):
		m.acked(i, a.Offset)
	default:
		m.refused(i, a.Code)
	}
}

func (m *Machine) underWay(i int) bool {
	if m.state == Scan {
		return i == m.probe
	}
	return i < m.sent
}

// acked handles a NONE for the i-th batch of the window (L3). It acks those
// before it too: on a warm stream the broker took it only behind them.
func (m *Machine) acked(i int, offset int64) {
	if i > 0 && (!m.warm() || !m.keeps(ackAll)) {
		m.drop()
		m.tryAgain(Lost)
		return
	}
	// L11: a log that does not grow was truncated or made again, or the number
	// was used before, for other lines. The first number of a producer id that
	// was got in this run was not: then the batch is in the log that there is.
	if offset >= 0 && offset <= m.offset {
		m.offset, m.from = -1, -1
		if m.state != First {
			m.settle("offset went back", false)
			return
		}
		m.do(Report{Kind: Recreated})
	}
	m.do(WriteAck{First: m.window[i].First, Offset: offset})
	m.noteStamp(i + 1)
	m.release(i + 1)
	m.warmAt, m.offset = m.now, max(m.offset, offset)
	m.from = m.offset
	m.well()
	m.state = Open
	if len(m.window) == 0 {
		m.own = false
		m.replayed()
	}
	m.pump()
}

// release forgets the n oldest batches.
func (m *Machine) release(n int) {
	for _, b := range m.window[:n] {
		m.do(Free{b.Batch})
	}
	m.window = append(m.window[:0], m.window[n:]...)
	m.sent = max(0, m.sent-n)
}

// replayed ends the replay (L8): new lines get a fresh producer id, so that
// the numbers of this one are never bound to other lines.
func (m *Machine) replayed() {
	if m.replay && m.keeps(freshID) {
		m.state = Cold
	}
	m.replay = false
}
