package lane

import "slices"

const (
	firstWait = 50        // ms
	maxWait   = 10 * 1000 // ms
	parkWait  = 30 * 1000 // ms
	failingAt = 6         // failures in a row before people are told: about 1.5 s of waiting
	missingAt = 9         // failures in a row before a missing topic needs a person: about 13 s
	spoiledAt = 4         // "corrupt" in a row before a person is needed
)

// refused handles any other answer than NONE for the i-th batch of the window.
// Only at the head does an answer say something of the batch; behind it, the
// batch comes again.
func (m *Machine) refused(i int, code int16) {
	v := answers[code].verdict
	scanning := m.state == Scan
	m.noteRefusal(i, code)
	m.drop()
	switch {
	case v == unknownID:
		m.settle("producer id forgotten", false)
	case v == fenced:
		m.settle("producer id fenced", false)
	case scanning && (v == gap || v.speaksOfContent()):
		m.scanDown()
	case i > 0:
		m.tryAgain(code)
	case v == gap:
		m.atGap(code)
	case v == corrupt:
		m.atCorrupt(code)
	case v.speaksOfContent():
		m.remake(code)
	default:
		m.tryAgain(code)
	}
}

// drop ends the connection (L4): it may have batches under way, and one that
// was sent again on it would arrive behind them.
func (m *Machine) drop() {
	if m.conn != closed {
		m.do(Close{m.gen})
	}
	m.dropped()
}

func (m *Machine) dropped() {
	if m.open > 0 && m.keeps(heedOpen) {
		m.sentAt = max(m.sentAt, m.now)
	}
	m.conn, m.open, m.sent = closed, 0, 0
	if len(m.window) > 0 && !m.Settling() {
		m.state = Resend
	}
}

// down handles the end of a connection that the driver saw.
func (m *Machine) down(d Down) {
	if d.Gen != m.gen || m.conn == closed {
		return
	}
	m.dropped()
	if len(m.window) > 0 {
		m.tryAgain(d.Code)
	}
}

// atGap handles 45 at the head (L6).
func (m *Machine) atGap(code int16) {
	switch {
	case !m.keeps(gapEnds):
		m.tryAgain(code)
	case m.keeps(scanOnGap) && (m.warm() && !m.faint() || !m.keeps(scanWarm)):
		m.state, m.probe = Scan, len(m.window)
		m.scanDown()
	default:
		m.ask("gap in the numbers", false)
	}
}

// scanDown goes on to the next older batch. The first that is taken is in the
// log with all before it.
func (m *Machine) scanDown() {
	m.state = Scan
	for m.probe--; m.probe >= 0; m.probe-- {
		if !m.window[m.probe].gone {
			m.pump()
			return
		}
	}
	m.settle("gap in the numbers", false)
}

// tryAgain waits, longer after each failure, and then begins again at the
// oldest (L5). It never gives up.
func (m *Machine) tryAgain(code int16) {
	a, known := answers[code]
	m.own = m.own || a.own || !known
	m.tries++
	wait := int64(maxWait)
	if m.tries < 9 {
		wait = firstWait << (m.tries - 1)
	}
	switch {
	case a.verdict == park, a.verdict == missing && m.tries >= missingAt:
		m.parkFor(code)
		return
	case m.tries >= failingAt:
		m.tell(Report{Kind: Failing, Code: code})
	}
	m.wait(wait)
}

// parkFor leaves the lane to a person. It looks again every 30 s.
func (m *Machine) parkFor(code int16) {
	m.tell(Report{Kind: Parked, Code: code})
	m.wait(parkWait)
}

func (m *Machine) wait(millis int64) {
	m.waiting = true
	m.do(Wait{millis})
}

func (m *Machine) timer() {
	if !m.waiting {
		return
	}
	m.waiting = false
	switch {
	case m.asking:
		m.do(GetPID{})
	case m.state == Settle, m.state == ReadBack:
		m.look()
	case m.state == Ask:
		m.do(AskProducer{PID: m.pid})
	default:
		m.pump()
	}
}

// tell reports a trouble when it begins, and when it becomes one that needs a
// person.
func (m *Machine) tell(r Report) {
	if r.Kind < m.told.Kind || (r.Kind == Failing && m.told.Kind == Failing) || r == m.told {
		return
	}
	m.told = r
	m.do(r)
}

// well ends all trouble: a batch was taken.
func (m *Machine) well() {
	m.tries, m.spoiled = 0, 0
	if m.told.Kind != 0 {
		m.do(Report{Kind: Recovered, Code: m.told.Code})
		m.told = Report{}
	}
}

// newTopic handles a topic that was made again, or one of another cluster: what
// was un-acked may be in the old one or in the new. Numbers of the old one prove
// nothing in another cluster: there, the producer id may be somebody else's, also
// of another lane of this host. So nothing is looked for there, and what may have
// come to be in the old cluster is said.
func (m *Machine) newTopic(n NewTopic) {
	m.do(Report{Kind: Recreated})
	m.offset, m.from, m.again = -1, -1, false
	switch {
	case m.state == First && m.cause == "" && tried(m.window) == 0:
		// Nothing was sent since the start, and the producer id is of this run.
	case n.Elsewhere && len(m.window) > 0:
		m.drop()
		m.cause, m.waiting = "another cluster", false
		m.rest, m.maybe = slices.Clone(m.window), true
		m.end()
	case m.state == ReadBack && !n.Elsewhere:
		m.look() // in the new one, from its beginning
	case len(m.window) > 0:
		m.settle("topic made again", false)
	case m.state != Cold:
		m.drop()
		m.state = Cold
	}
}
