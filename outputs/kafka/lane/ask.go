package lane

// ask asks the leader whether it remembers the producer id (L7), where its
// answers to batches do not tell or no longer can: one small request instead of
// the wait and the reading back of settle, which is what comes when it does not
// remember, or may not be asked.
func (m *Machine) ask(cause string, again bool) {
	m.drop()
	m.state, m.cause, m.again, m.waiting = Ask, cause, again, false
	m.do(AskProducer{PID: m.pid})
}

// remembered sends the un-acked batches again when the leader knows all that
// was acked before them. Then it drops what it has of them, and takes nothing
// behind a hole: the stream is warm. A batch that it took but that is not
// committed may still be lost with it; the acked ones before cannot.
func (m *Machine) remembered(r Remembered) {
	switch {
	case m.state != Ask || m.waiting:
	case m.vouched(r):
		m.state, m.warmAt = Resend, m.now
		m.pump()
	default:
		m.settle(m.cause, m.again)
	}
}

// vouched reports whether what the leader knows goes on where the acked batches
// ended, and was not left alone for so long that it may be about to be forgotten.
func (m *Machine) vouched(r Remembered) bool {
	if !m.keeps(heedAbsence) {
		return true
	}
	first := m.window[0].First
	ahead := after(r.Last, 1-first) // both may have wrapped
	return r.Known && r.Epoch == m.epoch && m.now-r.At < forgotten &&
		first > 0 && ahead <= after(m.next, -first)
}

func (m *Machine) unasked(code int16) {
	switch {
	case m.state != Ask || m.waiting:
	case mayNotRead(code):
		m.settle(m.cause, m.again)
	default:
		m.tryAgain(code)
	}
}
