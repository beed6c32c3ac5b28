package content

import (
	"sort"
	"sync"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

// LeadLen is how many bytes before off a mark's tail covers.
func LeadLen(off int64) int { return int(min(off, flow.TailMax)) }

// MarkAt is the mark of the content at off.
func (c Content) MarkAt(off int64) (flow.Mark, bool, error) {
	var buf [flow.PrefixMax]byte
	p := buf[:min(off, flow.PrefixMax)]
	if n, err := c.Pread(p, 0); err != nil || n < len(p) {
		return flow.Mark{}, false, err
	}
	tail := p
	if off > flow.PrefixMax {
		var last [flow.TailMax]byte
		tail = last[:]
		if n, err := c.Pread(tail, off-flow.TailMax); err != nil || n < len(tail) {
			return flow.Mark{}, false, err
		}
	}
	return flow.NewMark(p, tail), true, nil
}

// pages is memory for what is compared with a mark.
var pages = sync.Pool{New: func() any { return new([max(flow.PrefixMax, flow.TailMax)]byte) }}

// Matches says whether this is what m marks at off.
func (c Content) Matches(off int64, m flow.Mark) (bool, error) {
	page := pages.Get().(*[max(flow.PrefixMax, flow.TailMax)]byte)
	defer pages.Put(page)
	// The mark of a finished, shorter prefix is compared as such.
	p := page[:m.PrefixLen]
	if n, err := c.Pread(p, 0); err != nil || n < len(p) {
		return false, err
	}
	if flow.PrefixSum(0, p) != m.Prefix {
		return false, nil
	}
	if int64(len(p)) < off {
		p = page[:LeadLen(off)]
		if n, err := c.Pread(p, off-int64(len(p))); err != nil || n < len(p) {
			return false, err
		}
	}
	return m.Follows(p), nil
}

// BeginsWith compares the first bytes alone, the last of which are rest, and not here.
func (c Content) BeginsWith(m flow.Mark, rest ...byte) bool {
	p := make([]byte, m.PrefixLen-len(rest))
	n, err := c.Pread(p, 0)
	return err == nil && n == len(p) && flow.PrefixSum(flow.PrefixSum(0, p), rest) == m.Prefix
}

// FirstData is the offset of the first byte at or behind off that is not NUL,
// or -1 when there is none. It jumps over holes.
func (c Content) FirstData(off int64) (int64, error) {
	var buf [16 << 10]byte
	for {
		if c.z != nil {
			// holes are not kept by compression
		} else if at, err := unix.Seek(c.fd, off, unix.SEEK_DATA); err == nil {
			off = max(off, at)
		} else if err == unix.ENXIO {
			return -1, nil
		}
		n, err := c.Pread(buf[:], off)
		if err != nil || n == 0 {
			return -1, err
		}
		if i := NotNul(buf[:n]); i >= 0 {
			return off + int64(i), nil
		}
		off += int64(n)
	}
}

// spaceRun is how many NULs are taken for space, as there are none in text.
const spaceRun = 64

// SpaceAt is where the NULs begin in which content of size bytes ends, but not before
// from; size, when they are few. It takes no more than one read, if there are
// none, and else some 30: text is taken to have no such run of NULs.
func (c Content) SpaceAt(from, size int64) int64 {
	var buf [spaceRun]byte
	space := func(at int64) bool {
		n, err := c.Pread(buf[:], at)
		return err == nil && NotNul(buf[:n]) < 0
	}
	if size-from < spaceRun || !space(size-spaceRun) {
		return size
	}
	return from + int64(sort.Search(int(size-spaceRun-from), func(i int) bool { return space(from + int64(i)) }))
}

// NotNul is the index of the first byte that is not NUL, or -1.
func NotNul(p []byte) int {
	for i, b := range p {
		if b != 0 {
			return i
		}
	}
	return -1
}

// wideLineStart is LineStart where a newline has two bytes, one of which is 0.
func (c Content) wideLineStart(off int64) (int64, error) {
	var buf [16 << 10]byte
	for at := off &^ 1; at > 0; {
		n := min(at, int64(len(buf)))
		p := buf[:n]
		if m, err := c.Pread(p, at-n); err != nil || int64(m) < n {
			return off, err
		}
		for i := n - 2; i >= 0; i -= 2 {
			if p[i] == '\n' && p[i+1] == 0 || p[i] == 0 && p[i+1] == '\n' {
				return at - n + i + 2, nil
			}
		}
		at -= n
	}
	return 0, nil
}

// LineStart is the offset behind the last newline, of width bytes, before off; 0 when
// there is none. With an error it is off.
func (c Content) LineStart(off int64, width int) (int64, error) {
	if width > 1 {
		return c.wideLineStart(off)
	}
	var buf [16 << 10]byte
	for at := off; at > 0; {
		n := min(at, int64(len(buf)))
		p := buf[:n]
		m, err := c.Pread(p, at-n)
		if err != nil {
			return off, err
		}
		for i := m - 1; i >= 0; i-- {
			if p[i] == '\n' {
				return at - n + int64(i) + 1, nil
			}
		}
		at -= n
	}
	return 0, nil
}
