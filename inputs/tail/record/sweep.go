package record

import (
	"cmp"
	"slices"

	"tailrace/agent/flow"
)

// barrier is the first byte that belongs to what is not complete.
func (k *Cutter) barrier() int {
	at := k.fed
	for i := range k.open {
		if k.open[i].on {
			at = min(at, k.open[i].item.start)
		}
	}
	return at
}

// Over is the first place at or behind n, which the last cut used, over which
// no record goes.
func (k *Cutter) Over(n int) int {
	for _, it := range k.items { // in the order of their beginning
		if it.start >= n {
			break
		}
		n = max(n, it.end)
	}
	return n
}

// sweep makes the records of the chunk from the items that end before the
// barrier, up to the last place over which no item goes. It returns that place
// and the state there.
func (k *Cutter) sweep(barrier int) (used, part int) {
	// Stable: pieces of one line are in their order.
	slices.SortStableFunc(k.items, func(a, b item) int { return cmp.Compare(a.start, b.start) })
	at := unpack(k.c.Part)
	c := k.c
	c.Records, k.sums, k.total, k.long = c.Records[:0], k.sums[:0], Counts{}, k.long[:0]
	seen, end, done := Counts{}, 0, 0
	for i := range k.items {
		it := &k.items[i]
		end = max(end, it.end)
		next := barrier
		if i+1 < len(k.items) {
			next = min(barrier, k.items[i+1].start)
		}
		if end > next {
			if end > barrier {
				break
			}
			continue
		}
		for ; done <= i; done++ {
			it := &k.items[done]
			at[it.stream] = it.after
			seen = seen.Plus(it.counts, 1)
			if it.long {
				k.long = append(k.long, Range{it.start, it.end, it.stream, it.after == progress{}})
			}
			if !it.out {
				c.Records = append(c.Records, flow.Record{Start: uint32(it.start), End: uint32(end), Value: it.value, Headers: it.heads, Stamp: it.stamp, Text: it.text})
				k.sums = append(k.sums, seen)
			}
		}
		used, part = end, at.pack()
		k.total = seen
		if n := len(c.Records); n > 0 {
			r := &c.Records[n-1]
			r.End, r.Part, r.Clean = uint32(end), part, true
			k.sums[n-1] = seen
		}
	}
	return used, part
}
