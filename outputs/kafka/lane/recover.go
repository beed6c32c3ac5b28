package lane

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
	m.drop()
	switch {
	case v == unknownID:
		m.settle("producer id forgotten")
	case v == fenced:
		m.settle("producer id fenced")
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
	m.conn, m.sent = closed, 0
	if len(m.window) > 0 && m.state != Settle {
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
	case m.keeps(scanOnGap) && (m.warm() || !m.keeps(scanWarm)):
		m.state, m.probe = Scan, len(m.window)
		m.scanDown()
	default:
		m.settle("gap in the numbers")
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
	m.settle("gap in the numbers")
}

// settle is where the lane stops to believe that the broker tells what arrived
// of the un-acked batches (L9). A late request of an old connection can still
// arrive, so this is the place to wait until none can, and then to read the
// partition back (L10). As neither is done, all is taken as missing.
func (m *Machine) settle(cause string) {
	if m.state == Settle {
		return // on its way
	}
	m.drop()
	m.state, m.cause, m.waiting = Settle, cause, false
	m.ask()
}

// rebound sends the un-acked batches again under a fresh producer id, which was
// got in this run, so that new lines may follow under it.
func (m *Machine) rebound() {
	r := WriteRebind{PID: m.pid, Epoch: m.epoch, Cause: m.cause}
	var kept []batch
	var repeats, lost int
	for _, b := range m.window {
		if b.gone {
			r.Gone = append(r.Gone, b.Batch)
			lost += int(b.Count)
			continue
		}
		if b.tried {
			repeats += int(b.Count)
		}
		b.First, b.tried = m.next, false
		m.next = after(b.First, b.Count)
		kept = append(kept, b)
		r.Into = append(r.Into, b.Bound)
	}
	m.window, m.sent, m.state, m.replay, m.bound = kept, 0, First, false, m.now
	m.journalRebind(r)
	for _, h := range r.Gone {
		m.do(Free{h})
	}
	if repeats > 0 {
		m.do(Report{Kind: Repeats, Cause: m.cause, Records: repeats})
	}
	if lost > 0 {
		m.do(Report{Kind: GivenUp, Cause: m.cause, Records: lost})
	}
}

func (m *Machine) journalRebind(r WriteRebind) {
	if m.keeps(rebindWhole) || len(r.Into) == 0 {
		m.do(r)
		return
	}
	all := r.Into
	r.Into = all[:1]
	m.do(r)
	for _, b := range all[1:] {
		m.do(WriteIntent{m.intent(b)})
	}
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
	if m.asking {
		m.do(GetPID{})
		return
	}
	m.pump()
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

// newTopic handles a topic that was made again: what was un-acked may be in the
// old one or in the new.
func (m *Machine) newTopic() {
	m.do(Report{Kind: Recreated})
	m.offset = -1
	switch {
	case len(m.window) > 0:
		m.settle("topic made again")
	case m.state != Cold:
		m.drop()
		m.state = Cold
	}
}
