package turns

import "slices"

// fifoKeep is the room for how many files an empty FIFO keeps at most.
const fifoKeep = 1024

// FIFO is files in a row. The zero value is empty.
type FIFO[T comparable] struct {
	files []T // from head on
	head  int
}

// Len is how many there are.
func (r *FIFO[T]) Len() int { return len(r.files) - r.head }

// Push puts f behind the others.
func (r *FIFO[T]) Push(f T) { r.files = append(r.files, f) }

// Pop takes out the first; it is the zero value when there is none.
func (r *FIFO[T]) Pop() (f T) {
	if r.Len() == 0 {
		return f
	}
	var none T
	f, r.files[r.head] = r.files[r.head], none
	switch r.head++; {
	case r.head == len(r.files) && cap(r.files) > fifoKeep:
		*r = FIFO[T]{}
	case 2*r.head >= len(r.files):
		r.files = append(r.files[:0], r.files[r.head:]...)
		r.head = 0
	}
	return f
}

// Remove takes out f if it is there.
func (r *FIFO[T]) Remove(f T) {
	if i := slices.Index(r.files[r.head:], f); i >= 0 {
		r.files = slices.Delete(r.files, r.head+i, r.head+i+1)
	}
}
