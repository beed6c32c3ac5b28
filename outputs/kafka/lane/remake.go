package lane

import "slices"

// remake has the driver make the head anew, since the broker does not take it
// as it is. A refused batch used no numbers, but nothing can be left out
// either: the broker expects all of them.
func (m *Machine) remake(code int16) {
	b, v := m.window[0], answers[code].verdict
	m.how, m.why = Shorten, code
	switch {
	case v == corrupt:
		m.how = Again
	case v == badCodec:
		m.how = Recode
	case v == badTime:
		// All at once: the records have one time, or few would be taken. A
		// batch that is in the log already is still known by its numbers.
		m.how = Restamp
	case b.Count > 1:
		m.how = Halve
	}
	m.making = b.Batch
	m.do(Remake{Batch: b.Batch, How: m.how, Code: code})
}

// atCorrupt has a damaged batch encoded again a few times.
func (m *Machine) atCorrupt(code int16) {
	m.spoiled++
	if m.spoiled >= spoiledAt {
		m.parkFor(code)
		return
	}
	m.remake(code)
}

// remade goes on with the parts of a batch, or leaves it to a person when
// there is no other form of it.
func (m *Machine) remade(r Remade) {
	if r.Batch != m.making || r.Batch == 0 {
		return
	}
	m.making = 0
	if m.Settling() || m.find(r.Batch) < 0 { // it is looked for as it was
		for _, p := range r.Parts {
			m.do(Free{p.Batch})
		}
		return
	}
	replaced := m.replace(r)
	switch {
	case !replaced:
		m.parkFor(m.why)
	case m.how == Halve || m.how == Shorten:
		if !m.keeps(partsAlone) {
			m.state = Open
		}
		m.pump()
	default: // it may be refused for the same reason again, and again
		m.tryAgain(m.why)
	}
}

// replace puts the parts in the place of the batch, over the same numbers. The
// journal has them before they are sent: after a crash, another cut would be
// refused with a gap.
func (m *Machine) replace(r Remade) bool {
	i := m.find(r.Batch)
	s := WriteSplit{PID: m.pid, Epoch: m.epoch, First: m.window[i].First}
	end := after(s.First, m.window[i].Count)
	next := s.First
	var parts []batch
	for _, p := range r.Parts {
		b := Bound{Batch: p.Batch, First: next, Count: p.Count}
		next = after(next, p.Count)
		s.Into = append(s.Into, b)
		parts = append(parts, batch{Bound: b, tried: m.window[i].tried})
	}
	if len(parts) == 0 || next != end {
		return false
	}
	m.do(s)
	m.do(Free{r.Batch})
	m.window = slices.Replace(m.window, i, i+1, parts...)
	return true
}

// gone handles a batch whose bytes are nowhere. Those before it are sent as
// they are; those behind it cannot be, over the hole in the numbers, so that
// it ends in a rebind when it is the head.
func (m *Machine) gone(h Handle) {
	i := m.find(h)
	if i < 0 {
		return
	}
	m.window[i].gone = true
	switch {
	case h == m.making:
		m.making = 0
	case m.state == Scan && i == m.probe && m.conn == up:
		m.scanDown()
		return
	case m.underWay(i):
		m.drop()
	}
	m.pump()
}

// find is where the batch is in the window, or -1.
func (m *Machine) find(h Handle) int {
	return slices.IndexFunc(m.window, func(b batch) bool { return b.Batch == h })
}
