package journal

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"tailrace/agent/flow"
)

// maxLine bounds one record on disk, in bytes. It is far above a rebind of
// five batches with a span for each of their lines.
const maxLine = 64 << 20

// A line is 8 hex digits of the CRC-32C of the JSON, a space and the JSON.
const crcLen = 8

var (
	errLine   = errors.New("not a journal line")
	errSum    = errors.New("the checksum is wrong")
	errFields = errors.New("not exactly one record in the line")
)

// appendLine appends r as one line with its newline.
func appendLine(b []byte, r Record) []byte {
	at := len(b)
	b = append(b, "00000000 "...)
	b = appendRecord(b, r)
	putSum(b[at:], flow.Sum(b[at+crcLen+1:]))
	return append(b, '\n')
}

// putSum writes the digits of a checksum.
func putSum(b []byte, crc uint32) {
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc)
	hex.Encode(b, sum[:])
}

// sumIs says whether the digits are those of the checksum.
func sumIs(digits []byte, crc uint32) bool {
	var want [crcLen]byte
	putSum(want[:], crc)
	return string(digits) == string(want[:])
}

// parseLine reads one line, given without its newline.
func parseLine(line []byte) (Record, error) {
	var r Record
	if len(line) < crcLen+3 || line[crcLen] != ' ' {
		return r, errLine
	}
	body := line[crcLen+1:]
	if !sumIs(line[:crcLen], flow.Sum(body)) {
		return r, errSum
	}
	if r, ok := parseHot(body); ok {
		return r, nil
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return Record{}, err
	}
	if r.fields() != 1 {
		return Record{}, errFields
	}
	return r.mapStrings(unescape), nil
}

// fields is how many of the fields of r are set.
func (r Record) fields() int {
	n := 0
	for _, set := range [...]bool{
		r.Header != nil, r.File != nil, r.Forget != nil, r.Lane != nil, r.PID != nil,
		r.Intent != nil, r.Split != nil, r.Ack != nil, r.Rebind != nil, r.Done != nil,
		r.Lost != nil, r.Highest != nil, r.Position != nil, r.Progress != nil, r.Doubt != nil,
		r.Closed != nil, r.End != nil, r.Looked != nil, r.Reading != nil,
	} {
		if set {
			n++
		}
	}
	return n
}

// mapStrings returns r with f applied to each string in it. What r points to
// is copied, not changed.
func (r Record) mapStrings(f func(string) string) Record {
	switch {
	case r.Header != nil:
		h := *r.Header
		h.Machine, h.Boot = f(h.Machine), f(h.Boot)
		if h.Hosts != nil {
			h.Hosts = slices.Clone(h.Hosts)
			for i := range h.Hosts {
				h.Hosts[i] = f(h.Hosts[i])
			}
		}
		r.Header = &h
	case r.File != nil:
		c := *r.File
		c.Path, c.Now, c.Output, c.Topic = f(c.Path), f(c.Now), f(c.Output), f(c.Topic)
		r.File = &c
	case r.Lane != nil:
		l := *r.Lane
		l.Output, l.Topic, l.Key = f(l.Output), f(l.Topic), f(l.Key)
		l.TopicID, l.Cluster = f(l.TopicID), f(l.Cluster)
		r.Lane = &l
	case r.Intent != nil:
		i := *r.Intent
		i.Codec = f(i.Codec)
		r.Intent = &i
	case r.Split != nil:
		s := *r.Split
		s.Into = mapCodecs(s.Into, f)
		r.Split = &s
	case r.Rebind != nil:
		b := *r.Rebind
		b.Cause, b.Intents = f(b.Cause), mapCodecs(b.Intents, f)
		r.Rebind = &b
	case r.Reading != nil:
		g := *r.Reading
		g.Spec = f(g.Spec)
		r.Reading = &g
	case r.Doubt != nil:
		d := *r.Doubt
		d.Cause = f(d.Cause)
		r.Doubt = &d
	case r.Lost != nil:
		l := *r.Lost
		l.Path, l.Cause = f(l.Path), f(l.Cause)
		r.Lost = &l
	}
	return r
}

func mapCodecs(intents []Intent, f func(string) string) []Intent {
	if intents == nil {
		return nil
	}
	out := make([]Intent, len(intents))
	for n, i := range intents {
		i.Codec = f(i.Codec)
		out[n] = i
	}
	return out
}

// escape makes s valid UTF-8, since JSON holds nothing else and a path may be
// any bytes: a byte that is not UTF-8 becomes NUL and two hex digits, and so
// does NUL, which no path has.
func escape(s string) string {
	if utf8.ValidString(s) && !strings.Contains(s, "\x00") {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == 0 || r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, "\x00%02x", s[0])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// unescape undoes escape.
func unescape(s string) string {
	parts := strings.Split(s, "\x00")
	if len(parts) == 1 {
		return s
	}
	var b strings.Builder
	b.WriteString(parts[0])
	for _, p := range parts[1:] {
		if len(p) >= 2 {
			if c, err := hex.DecodeString(p[:2]); err == nil {
				b.Write(c)
				p = p[2:]
			}
		}
		b.WriteString(p)
	}
	return b.String()
}
