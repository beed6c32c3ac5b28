package lane

// A broker forgets a producer id by the newest timestamp of its last batch, not
// by when that came. Records whose timestamps are their lines' own may be old
// when they are sent: then it may forget at any moment, and drops no repeat.
// Such a batch is sent alone and once. What came of it, when no answer tells, is
// looked for in the partition.

// old says that a broker may have forgotten what it knew by the time stamp.
func (m *Machine) old(stamp int64) bool {
	return stamp != 0 && m.now-stamp > believed && m.keeps(heedStamps)
}

// faint says that the broker may forget the producer id between two batches: the
// last that was acked is old, or one that is not.
func (m *Machine) faint() bool {
	return m.old(m.stamp) || m.oldOf(func(batch) bool { return true })
}

// unsure says that a batch which may have arrived is so old that it may not be
// sent again.
func (m *Machine) unsure() bool { return m.oldOf(func(b batch) bool { return b.tried }) }

func (m *Machine) oldOf(which func(batch) bool) bool {
	if m.Stamp == nil {
		return false
	}
	for _, b := range m.window {
		if which(b) && m.old(m.Stamp(b.Batch)) {
			return true
		}
	}
	return false
}

// noteStamp keeps the timestamp by which the broker remembers the producer id
// after the first n batches of the window were acked.
func (m *Machine) noteStamp(n int) {
	if m.stamp = 0; m.Stamp != nil {
		m.stamp = m.Stamp(m.window[n-1].Batch)
	}
}

// letOld lets old batches go once more, since looking for them was not allowed.
func (m *Machine) letOld() {
	for i := range m.window {
		if b := &m.window[i]; m.Stamp != nil && m.old(m.Stamp(b.Batch)) {
			b.tried = false
		}
	}
}

// noteRefusal notes that an old batch which was sent but once has not arrived, by
// an answer that says so: it may be sent again.
func (m *Machine) noteRefusal(i int, code int16) {
	b := &m.window[i]
	if b.once && m.Stamp != nil && m.old(m.Stamp(b.Batch)) && notTaken(code) {
		b.tried = false
	}
}

// notTaken says that with this code the copy that it answers was not appended.
func notTaken(code int16) bool {
	switch code {
	case 2, 10, 18, 19, 29, 32, 44, 87:
		return true
	}
	return false
}
