package tail

import "slices"

const (
	// roundSize is how many bytes one round of all files that wait is about:
	// the more files, the less each gives in its turn, so that none waits long,
	// down to quantumMin, below which the calls would cost more than the copy.
	roundSize  = 4 << 20
	quantumMin = 16 << 10
	// freshTurns is how many files with fresh lines go before one with a
	// backlog.
	freshTurns = 8
)

// turns is the order in which files are read that have something to read. Those
// that had nothing a moment ago go before those that have more than one quantum:
// a line in a quiet file waits for no backlog. But a backlog moves, however many
// files are written to. It is called by whoever holds the queue's lock.
type turns struct {
	fresh, backlog fifo
	row            int // turns of fresh since the last one of backlog
}

// next takes out the file whose turn it is; nil when none waits.
func (t *turns) next() *file {
	if t.fresh.len() > 0 && (t.row < freshTurns || t.backlog.len() == 0) {
		t.row++
		return t.fresh.pop()
	}
	t.row = 0
	return t.backlog.pop()
}

func (t *turns) len() int { return t.fresh.len() + t.backlog.len() }

// quantum is how many bytes the file gives whose turn it is.
func (t *turns) quantum() int {
	return max(quantumMin, min(readSize, roundSize/(t.len()+1)))
}

func (t *turns) remove(f *file) {
	t.fresh.remove(f)
	t.backlog.remove(f)
}

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
	if r.head++; 2*r.head >= len(r.files) {
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
