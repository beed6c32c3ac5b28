package found

import (
	"slices"

	"tailrace/agent/flow"
)

// Bound is what of a file may be in the partition: what was in its first Size
// bytes when they were looked at, and records that are not older than the file,
// Born in Unix nanoseconds (0: unknown). Others says that records of the streams
// that are wanted are none of them: those are known by their numbers.
type Bound struct {
	Size, Born int64
	Others     bool
}

// slack is how much the clock of a file system may be ahead, in milliseconds.
const slack = 1000

// Skip is how many of the first records of c are in the partition. Each record
// there stands for one line: the segments are used up. A span may end there.
func (s *Set) Skip(c *flow.Chunk, b Bound) int {
	p := s.paths[c.Path]
	if p == nil {
		return 0
	}
	n := 0
	var used []int // segments behind the last place where a span may end
	for at := 0; at < c.Lines(); {
		i, end := s.find(p, c, at, b)
		if i < 0 {
			break
		}
		p.all[i].last = -1 - p.all[i].last // not for the next one
		used, at = append(used, i), end
		if c.Reading == 0 || c.Records[end-1].Clean {
			n, used = end, used[:0]
		}
	}
	for _, i := range used {
		p.all[i].last = -1 - p.all[i].last
	}
	return n
}

// Send is how many of the first records of c, from which Skip is 0, come before
// one that is in the partition, or that may be: its segment is not all in c.
func (s *Set) Send(c *flow.Chunk, b Bound) int {
	p := s.paths[c.Path]
	if p == nil {
		return c.Lines()
	}
	for n := 1; n < c.Lines(); n++ {
		if c.Reading != 0 && !c.Records[n-1].Clean {
			continue
		}
		if i, _ := s.find(p, c, n, b); i >= 0 || p.cutOff(c, n) {
			return n
		}
	}
	return c.Lines()
}

// cutOff says that a segment that begins with the n-th record of c goes on
// behind c.
func (p *path) cutOff(c *flow.Chunk, n int) bool {
	end := c.Offset(c.Lines() - 1)
	for at := p.at(c.Offset(n)); at < len(p.all) && p.all[at].start == c.Offset(n); at++ {
		if p.all[at].last > end {
			return true
		}
	}
	return false
}

// at is where the segments are that begin at an offset.
func (p *path) at(start int64) int {
	at, _ := slices.BinarySearchFunc(p.all, start, func(g segment, start int64) int {
		if g.start < start {
			return -1
		}
		return 1
	})
	return at
}

// find is the first segment that the records of c from n on are, and where it
// ends; -1 when there is none.
func (s *Set) find(p *path, c *flow.Chunk, n int, b Bound) (at, end int) {
	for at = p.at(c.Offset(n)); at < len(p.all) && p.all[at].start == c.Offset(n); at++ {
		g := &p.all[at]
		if g.last < 0 || b.Others && g.known() || b.Born > 0 && (g.millis()+slack)*1e6 < b.Born {
			continue
		}
		if end = s.match(g, c, n); end > 0 && c.Start+int64(c.LineStart(end)) <= b.Size {
			return at, end
		}
	}
	return -1, 0
}

// match is where the segment ends in c, which from n on has its records; 0 when
// it does not.
func (s *Set) match(g *segment, c *flow.Chunk, n int) int {
	sum, want, timed := uint64(0), g.sum, c.Reading != 0 && c.Timed
	if timed {
		want = g.timeless
	}
	for ; n < c.Lines() && c.Offset(n) <= g.last; n++ {
		value := c.Line(n)
		if timed {
			value = flow.Timeless(value)
		}
		sum = add(sum, c.Offset(n), s.hash(value))
		if c.Offset(n) == g.last && sum == want {
			return n + 1
		}
	}
	return 0
}
