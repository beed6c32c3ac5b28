package lines

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Record is what the check looks at of a Kafka record.
type Record struct {
	Partition int32
	Offset    int64
	Time      time.Time
	Key       string
	Value     []byte
	Headers   map[string]string
}

func (r Record) String() string {
	value := r.Value
	if len(value) > 90 {
		value = append(append(slices.Clone(value[:60]), "…"...), value[len(value)-20:]...)
	}
	return fmt.Sprintf("[%d/%d] %q (%d bytes) %v", r.Partition, r.Offset, value, len(r.Value), r.Headers)
}

// Result counts what came of the lines.
type Result struct {
	Written    int // lines that are to be shipped
	Records    int
	Missing    int // lines that no record holds
	Repeated   int // records of a line that an earlier record holds
	Torn       int // records that are no line that was written, byte for byte
	Disordered int // lines behind a later line of their chain
	Misplaced  int // records whose headers do not say where the line is
	// Offenders describes the first few of each kind.
	Offenders []string
}

// Err is nil when every line arrived exactly as it should have.
func (r Result) Err() error {
	if r.Missing+r.Repeated+r.Torn+r.Disordered+r.Misplaced == 0 {
		return nil
	}
	return errors.New(r.String() + "\n" + strings.Join(r.Offenders, "\n"))
}

func (r Result) String() string {
	return fmt.Sprintf("%d lines written, %d records: %d missing, %d repeated, %d torn, %d out of order, %d with wrong headers",
		r.Written, r.Records, r.Missing, r.Repeated, r.Torn, r.Disordered, r.Misplaced)
}

// A Check compares the records of a topic with chains. It is for one goroutine.
type Check struct {
	key    string
	chains map[string]*progress
	result Result
	kinds  map[string]int // offenders that are described, by kind
	again  []repeat       // the first few
	last   Record
}

// repeat is lines of a chain in a row that came once more.
type repeat struct {
	chain     string
	from, to  int    // the lines, to included
	first     seen   // where the first of them was before
	now, prev Record // the first that repeats, and the record before that
}

// progress is what arrived of a chain.
type progress struct {
	*Chain
	seen []seen
	from int            // lines below are not to arrive
	high int            // highest line that arrived, plus 1
	path map[int]string // the header of a file's first record: it must not change
}

// seen is where a line was seen first.
type seen struct {
	yes       bool
	partition int32
	offset    int64
}

// NewCheck returns a check of what should be in a topic: the lines of the
// chains, all with one key.
func NewCheck(key string, chains ...*Chain) *Check {
	c := &Check{key: key, chains: map[string]*progress{}, kinds: map[string]int{}}
	for _, chain := range chains {
		n, due := chain.Lines(), chain.Due()
		c.chains[chain.Name] = &progress{Chain: chain, path: map[int]string{}, seen: make([]seen, n), from: n - due}
		c.result.Written += due
	}
	return c
}

// Add takes the next record of a partition.
func (c *Check) Add(r Record) {
	c.result.Records++
	defer func() { c.last = r }()
	name, n, err := parse(r.Value)
	p := c.chains[name]
	switch {
	case err != nil:
		c.torn(r, err.Error())
		return
	case p == nil:
		c.torn(r, "a line of another chain")
		return
	case n >= len(p.seen):
		c.torn(r, "never written")
		return
	case n < p.from:
		c.torn(r, "not to be shipped")
		return
	}
	if want := p.Line(n); !bytes.Equal(r.Value, want) {
		c.torn(r, fmt.Sprintf("line %d of %s is %q", n, name, want[max(0, len(want)-40):]))
		return
	}
	c.sequence(p, n, r)
	c.headers(p, n, r)
}

func (c *Check) sequence(p *progress, n int, r Record) {
	switch {
	case p.seen[n].yes:
		c.result.Repeated++
		c.repeated(p, n, r)
		return
	case n < p.high:
		c.result.Disordered++
		c.offender("out of order", r, fmt.Sprintf("it comes behind line %d", p.high-1))
	}
	p.seen[n] = seen{yes: true, partition: r.Partition, offset: r.Offset}
	p.high = max(p.high, n+1)
}

// repeated notes that line n has come before: as one more of those in a row, or
// as the first of others.
func (c *Check) repeated(p *progress, n int, r Record) {
	if i := len(c.again) - 1; i >= 0 && c.again[i].chain == p.Name && c.again[i].to == n-1 {
		c.again[i].to = n
		return
	}
	if c.kinds["repeated"]++; c.kinds["repeated"] > described {
		return
	}
	c.again = append(c.again, repeat{chain: p.Name, from: n, to: n, first: p.seen[n], now: r, prev: c.last})
}

func (r repeat) String() string {
	return fmt.Sprintf("repeated: lines %d to %d of %s: from record %v, first seen in [%d/%d]\n\tafter %v",
		r.from, r.to, r.chain, r.now, r.first.partition, r.first.offset, r.prev)
}

func (c *Check) headers(p *progress, n int, r Record) {
	offset, file := p.place(n)
	path := r.Headers["path"]
	first, known := p.path[file]
	if !known {
		p.path[file] = path
	}
	switch {
	case r.Headers["offset"] != strconv.FormatInt(offset, 10):
		c.misplaced(r, fmt.Sprintf("its offset is %d", offset))
	case !p.had(file, path):
		c.misplaced(r, "it was never in a file of this path")
	case known && first != path:
		c.misplaced(r, "other lines of this file have path "+first)
	case r.Key != c.key:
		c.misplaced(r, fmt.Sprintf("its key is %q, not %q", r.Key, c.key))
	}
}

func (c *Check) torn(r Record, why string) {
	c.result.Torn++
	c.offender("torn", r, why)
}

func (c *Check) misplaced(r Record, why string) {
	c.result.Misplaced++
	c.offender("wrong headers", r, why)
}

// described is how many offenders of a kind, or of a chain, are described.
const described = 5

// offender describes the first few of a kind, with the record before it.
func (c *Check) offender(kind string, r Record, why string) {
	if c.kinds[kind]++; c.kinds[kind] > described {
		return
	}
	c.result.Offenders = append(c.result.Offenders, fmt.Sprintf("%s: %v: %s\n\tafter %v", kind, r, why, c.last))
}

// Result is the count when every record was added.
func (c *Check) Result() Result {
	r := c.result
	r.Offenders = slices.Clone(r.Offenders)
	for _, a := range c.again {
		r.Offenders = append(r.Offenders, a.String())
	}
	for name, p := range c.chains {
		gaps := p.gaps(name, &r.Missing)
		r.Offenders = append(r.Offenders, gaps[:min(len(gaps), max(0, 4*described-len(r.Offenders)))]...)
	}
	return r
}

// gaps adds to missing and describes the first few runs of missing lines.
func (p *progress) gaps(name string, missing *int) []string {
	var found []string
	for n := p.from; n < len(p.seen); n++ {
		if p.seen[n].yes {
			continue
		}
		from := n
		for n < len(p.seen) && !p.seen[n].yes {
			n++
		}
		*missing += n - from
		if len(found) < described {
			found = append(found, fmt.Sprintf("missing: lines %d to %d of %d of %s: %s", from, n-1, len(p.seen), name, p.where(from, n-1)))
		}
	}
	return found
}

// where says in which files the lines of a gap were.
func (p *progress) where(from, to int) string {
	offset, a := p.place(from)
	end, b := p.place(to)
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("from offset %d of file %d %q to the line at offset %d of file %d %q",
		offset, a, p.files[a].names, end, b, p.files[b].names)
}
