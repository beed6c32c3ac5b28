// Package turns is who reads the files that have something to read, and in which order.
package turns

import "tailrace/agent/flow"

// QuantumMin is how many bytes a file gives in its turn at least: fewer would cost
// more for the calls than for the copy.
const QuantumMin = flow.LeastTurn

const (
	// roundSize is how many bytes one round of all files that wait is about:
	// the more files, the less each gives in its turn, so that none waits long.
	roundSize = 4 << 20
	// freshTurns is how many files with fresh lines go before one with a
	// backlog.
	freshTurns = 8
)

// Order is that of files, or whatever T is, the zero value of which is none. Those
// that had nothing a moment ago, and no more than a quantum now, go before the
// others: a line in a quiet file waits for no backlog. But a backlog moves,
// however many files are written to. It is for one goroutine at a time. The zero
// value is empty.
type Order[T comparable] struct {
	fresh, backlog FIFO[T]
	row            int  // turns of fresh since the last one of backlog
	first          bool // the file whose turn it is was fresh
}

// Fresh puts in a file that had nothing to read a moment ago.
func (t *Order[T]) Fresh(f T) { t.fresh.Push(f) }

// Backlog puts in a file that has more to read than a quantum.
func (t *Order[T]) Backlog(f T) { t.backlog.Push(f) }

// Next takes out the file whose turn it is; none when none waits.
func (t *Order[T]) Next() T {
	if t.fresh.Len() > 0 && (t.row < freshTurns || t.backlog.Len() == 0) {
		t.row++
		t.first = true
		return t.fresh.Pop()
	}
	t.row, t.first = 0, false
	return t.backlog.Pop()
}

// Yield gives away the turn of a fresh file, unless no other file waits. The
// file is to go to the backlog.
func (t *Order[T]) Yield() bool {
	if !t.first || t.Len() == 0 {
		return false
	}
	t.row--
	return true
}

// Len is how many wait.
func (t *Order[T]) Len() int { return t.fresh.Len() + t.backlog.Len() }

// Quantum is how many bytes, of most, the file gives whose turn it is. That is little at
// first: when many files are found at once the first of them is read before the
// others are known to wait.
func (t *Order[T]) Quantum(most int) int {
	if t.first {
		return QuantumMin
	}
	return max(QuantumMin, min(most, roundSize/(t.Len()+1)))
}

// Remove takes out a file that may wait.
func (t *Order[T]) Remove(f T) {
	t.fresh.Remove(f)
	t.backlog.Remove(f)
}
