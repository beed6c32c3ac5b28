package tail

import (
	"slices"

	"tailrace/agent/flow"
)

const (
	// roundSize is how many bytes one round of all files that wait is about:
	// the more files, the less each gives in its turn, so that none waits long,
	// down to quantumMin, below which the calls would cost more than the copy.
	roundSize  = 4 << 20
	quantumMin = flow.LeastTurn
	// freshTurns is how many files with fresh lines go before one with a
	// backlog.
	freshTurns = 8
)

// turns is the order in which files are read that have something to read. Those
// that had nothing a moment ago, and no more than a quantum now, go before the
// others: a line in a quiet file waits for no backlog. But a backlog moves,
// however many files are written to. It is called by whoever holds the queue's
// lock.
type turns struct {
	fresh, backlog fifo
	row            int  // turns of fresh since the last one of backlog
	first          bool // the file whose turn it is was fresh
}

// next takes out the file whose turn it is; nil when none waits.
func (t *turns) next() *file {
	if t.fresh.len() > 0 && (t.row < freshTurns || t.backlog.len() == 0) {
		t.row++
		t.first = true
		return t.fresh.pop()
	}
	t.row, t.first = 0, false
	return t.backlog.pop()
}

// yield gives away the turn of a fresh file, unless no other file waits. The
// file is to go to the backlog.
func (t *turns) yield() bool {
	if !t.first || t.len() == 0 {
		return false
	}
	t.row--
	return true
}

func (t *turns) len() int { return t.fresh.len() + t.backlog.len() }

// quantum is how many bytes the file gives whose turn it is. That is little at
// first: when many files are found at once the first of them is read before the
// others are known to wait.
func (t *turns) quantum() int {
	if t.first {
		return quantumMin
	}
	return max(quantumMin, min(readSize, roundSize/(t.len()+1)))
}

func (t *turns) remove(f *file) {
	t.fresh.remove(f)
	t.backlog.remove(f)
}

// fifoKeep is the room for how many files an empty fifo keeps at most.
const fifoKeep = 1024

// fifo is files in a row.
type fifo struct {
	files []*file // from head on
	head  int
}

func (r *fifo) len() int { return len(r.files) - r.head }

func (r *fifo) push(f *file) { r.files = append(r.files, f) }

func (r *fifo) pop() *file {
	if r.len() == 0 {
		return nil
	}
	f := r.files[r.head]
	r.files[r.head] = nil
	switch r.head++; {
	case r.head == len(r.files) && cap(r.files) > fifoKeep:
		*r = fifo{}
	case 2*r.head >= len(r.files):
		r.files = append(r.files[:0], r.files[r.head:]...)
		r.head = 0
	}
	return f
}

func (r *fifo) remove(f *file) {
	if i := slices.Index(r.files[r.head:], f); i >= 0 {
		r.files = slices.Delete(r.files, r.head+i, r.head+i+1)
	}
}
