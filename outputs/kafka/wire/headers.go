package wire

import (
	"slices"
	"strconv"

	"tailrace/agent/flow"
)

// Headers is the headers of record n of c, as Add encodes them.
func Headers(c *flow.Chunk, n int) []flow.Header {
	form := c.Form
	if form == nil {
		form = &flow.Form{}
	}
	var all []flow.Header
	if !form.NoPath {
		all = append(all, flow.Header{Key: "path", Value: []byte(c.Path)})
	}
	if !form.NoOffset {
		all = append(all, flow.Header{Key: "offset", Value: strconv.AppendInt(nil, c.Offset(n), 10)})
	}
	all = append(all, form.Headers...)
	if c.Reading != 0 {
		return append(all, c.Records[n].Headers...)
	}
	if c.Part > 0 {
		part := strconv.AppendInt(nil, int64(c.Part), 10)
		if c.Final {
			part = slices.Concat(part, []byte{'/'}, part)
		}
		all = append(all, flow.Header{Key: "part", Value: part})
	}
	return all
}
