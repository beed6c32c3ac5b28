package lane

import "slices"

// settle is where the lane stops to believe that the broker tells what arrived
// of the un-acked batches (L9). A late request of an old connection can still
// arrive, so it waits until none can. again says that the batches may go out
// with their old numbers when the partition cannot be read.
func (m *Machine) settle(cause string, again bool) {
	if m.Settling() {
		return // on its way
	}
	m.drop()
	m.state, m.cause, m.again, m.waiting = Settle, cause, again, false
	if !m.noted {
		m.noted = true
		m.do(WriteSettling{Cause: cause, From: m.from, Sent: m.sentAt})
	}
	if left := m.sentAt + m.Settle - m.now; left > 0 && m.keeps(settleFirst) {
		m.wait(left)
		return
	}
	m.look()
}

// look looks for the un-acked batches in the partition (L10).
func (m *Machine) look() {
	m.state = ReadBack
	m.do(Look{From: m.from})
}

// found goes on with what the partition does not have.
func (m *Machine) found(f Found) {
	if m.state != ReadBack || m.waiting {
		return
	}
	m.well()
	m.rest, m.maybe = nil, f.Partly
	for _, p := range f.Rest {
		b := batch{Bound: Bound{Batch: p.Batch, Count: p.Count}, tried: true}
		if i := m.find(p.Batch); i >= 0 {
			b = m.window[i]
		}
		b.gone = b.gone || p.Gone
		m.rest = append(m.rest, b)
	}
	m.end()
}

// mayNotRead reports whether trying again would not help: no permission, or a
// broker that cannot be asked in a way that we know.
func mayNotRead(code int16) bool { return code == 29 || code == 31 || code == 35 }

// unread goes on without having seen the partition, when that is not allowed:
// what may be there is sent again, and reported. Other errors go away.
func (m *Machine) unread(code int16) {
	switch {
	case m.state != ReadBack || m.waiting:
	case !mayNotRead(code):
		m.tryAgain(code)
	case len(m.window) == 0:
		m.do(Report{Kind: Unverified, Cause: m.cause})
		m.end()
	case m.again:
		// With the old numbers, the first alone: that repeats no more than a
		// fresh producer id would, and nothing where the broker remembers.
		m.state, m.warmAt = Resend, 0
		m.do(Report{Kind: Repeats, Cause: m.cause, Records: tried(m.window)})
		m.letOld()
		m.pump()
	default:
		m.rest, m.maybe = slices.Clone(m.window), true
		m.end()
	}
}

// end closes the stream (I2): of all that was bound in it, rest is what is not
// in the partition.
func (m *Machine) end() {
	if len(m.window) == 0 {
		m.state = Cold
		return
	}
	m.state = Rebind
	m.getPID()
}

// rebound acks what the partition has, and sends the rest under a fresh producer
// id. That was got in this run, so that new lines may follow under it.
func (m *Machine) rebound() {
	r := WriteRebind{PID: m.pid, Epoch: m.epoch, Cause: m.cause}
	past, repeats, lost := m.window, tried(m.rest), 0
	m.window = nil
	for _, b := range m.rest {
		if b.gone {
			r.Gone = append(r.Gone, b.Batch)
			lost += int(b.Count)
			continue
		}
		b.First, b.tried = m.next, false
		m.next = after(b.First, b.Count)
		m.window = append(m.window, b)
		r.Into = append(r.Into, b.Bound)
	}
	m.rest, m.sent, m.state, m.replay, m.bound = nil, 0, First, false, m.now
	// A kill behind the record would leave it unsaid.
	if m.maybe && repeats > lost {
		m.do(Report{Kind: Repeats, Cause: m.cause, Records: repeats - lost})
	}
	if lost > 0 {
		m.do(Report{Kind: GivenUp, Cause: m.cause, Records: lost})
	}
	m.journalRebind(r)
	for _, b := range past {
		if m.find(b.Batch) < 0 {
			m.do(Free{b.Batch})
		}
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

// tried is how many records of bs may be in the partition.
func tried(bs []batch) (records int) {
	for _, b := range bs {
		if b.tried {
			records += int(b.Count)
		}
	}
	return records
}
