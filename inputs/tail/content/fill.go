package content

import (
	"slices"

	"tailrace/agent/flow"
)

// Fill reads s into c, and what the marks within s need: the bytes before it,
// and the hash of the file's first. read is as Pread. The error is flow.ErrGone when these are
// other bytes.
func Fill(s flow.Span, c *flow.Chunk, read func(p []byte, off int64) (int, error)) error {
	lead := LeadLen(s.Start)
	size := lead + int(s.End-s.Start)
	c.Buf = slices.Grow(c.Buf[:0], size)[:size]
	c.Lead, c.Data = c.Buf[:lead], c.Buf[lead:]
	n, err := read(c.Buf, s.Start-int64(lead))
	if err != nil {
		return err
	}
	if n < len(c.Buf) || flow.Sum(c.Data) != s.Sum {
		return flow.ErrGone
	}
	c.PrefixLen, c.Prefix = s.Mark.PrefixLen, s.Mark.Prefix
	if s.Start < flow.PrefixMax {
		var buf [flow.PrefixMax]byte
		p := buf[:s.Start]
		if _, err := read(p, 0); err != nil {
			return err
		}
		c.PrefixLen, c.Prefix = len(p), flow.PrefixSum(0, p)
	}
	return nil
}
