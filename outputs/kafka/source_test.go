package kafka

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"tailrace/agent/flow"
)

// source is one file in memory: a topic of its own, with a feed, and a fetcher of
// its lines.
type source struct {
	topic    string
	fed      bool // Feed was called in this run, since the last Rest
	unwanted atomic.Bool
	rested   atomic.Int64 // how often Rest was called
	rests    atomic.Bool  // since then nothing was opened
	opener   func(flow.Topic)
	host     string   // in a header of its records, if not ""
	forms    []string // the keys of its records, by the numbers of their forms; the last is that of new ones

	id    flow.FileID
	path  string
	lines int   // lines in a chunk at most, 0: no limit
	stamp int64 // of its records, 0: they have none of their own
	timed bool  // its values are objects with the time at which they are built
	wake  chan struct{}

	mu   sync.Mutex
	data []byte
	at   int
	gone bool
	old  int   // bytes when the run began
	born int64 // Unix nanoseconds
	hole int64 // where bytes that are gone begin, 0: nowhere
}

func newSource(id flow.FileID, path string, data string) *source {
	return &source{id: id, path: path, data: []byte(data), wake: make(chan struct{}, 1)}
}

func (s *source) append(data string) {
	s.mu.Lock()
	s.data = append(s.data, data...)
	s.mu.Unlock()
	s.offer()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// begin is the beginning of a run, which reads on at a place. A question of the run
// before may still be on its way.
func (s *source) begin(at int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.old = at, len(s.data)
}

func (s *source) Past() flow.Past {
	s.mu.Lock()
	defer s.mu.Unlock()
	return flow.Past{Looked: true, Left: s.at < s.old, Since: s.born}
}

func (s *source) Was(flow.FileID) (size, born int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(s.old), s.born
}

func (s *source) Wake() <-chan struct{} { return s.wake }

func (s *source) Next(c *flow.Chunk, max int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	end := s.at
	max = min(max, flow.LeastTurn)
	for n := 0; (s.lines == 0 || n < s.lines) && end < len(s.data); n++ {
		next := end + bytes.IndexByte(s.data[end:], '\n') + 1
		if next-s.at > max && n > 0 {
			break
		}
		end = next
	}
	if end == s.at {
		return false
	}
	s.fill(c, s.at, end, len(s.forms))
	s.at = end
	return true
}

func (s *source) fill(c *flow.Chunk, start, end, form int) {
	known := min(start, flow.PrefixMax)
	*c = flow.Chunk{
		Time: c.Time, Timed: s.timed, File: s.id, Path: s.path, Start: int64(start), Data: bytes.Clone(s.data[start:end]),
		Lead: s.data[max(0, start-flow.TailMax):start], PrefixLen: known, Prefix: flow.PrefixSum(0, s.data[:known]),
	}
	if form > 0 {
		c.Form = &flow.Form{Number: form, Key: []byte(s.forms[form-1])}
		if s.host != "" {
			c.Form.Headers = []flow.Header{{Key: "host", Value: []byte(s.host)}}
		}
	}
	c.Split()
	if s.stamp == 0 && !s.timed {
		return
	}
	at := uint32(0)
	for i, end := range c.Ends {
		r := flow.Record{Start: at, End: end, Clean: true, Value: c.Line(i)}
		if s.timed {
			r.Value = []byte(object(time.UnixMilli(c.Time), string(r.Value)))
		} else {
			r.Stamp = s.stamp + int64(start) + int64(at)
		}
		c.Records = append(c.Records, r)
		at = end
	}
	c.Reading = 1
}

// object is the value of a line that is built at a time.
func object(at time.Time, line string) string {
	return fmt.Sprintf(`{"@timestamp":"%s","message":"%s"}`, at.UTC().Format("2006-01-02T15:04:05.000Z"), line)
}

func (s *source) Unread(c *flow.Chunk, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = int(c.Start) + c.LineStart(n)
}

func (s *source) Fetch(span flow.Span, c *flow.Chunk) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone || s.hole > 0 && span.Start == s.hole || span.File != s.id || span.End > int64(len(s.data)) {
		return flow.ErrGone
	}
	s.fill(c, int(span.Start), int(span.End), span.Form)
	if flow.Sum(c.Data) != span.Sum {
		return flow.ErrGone
	}
	return nil
}

// setKey makes key that of new records.
func (s *source) setKey(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.forms); n == 0 || s.forms[n-1] != key {
		s.forms = append(s.forms, key)
	}
}

func (s *source) Name() string { return s.topic }
func (s *source) Wanted() bool { return !s.unwanted.Load() }

// Rest opens the topic again when there is something to read, as append does
// later.
func (s *source) Rest() {
	s.fed = false
	s.rests.Store(true)
	s.rested.Add(1)
	s.mu.Lock()
	left := s.at < len(s.data)
	s.mu.Unlock()
	if left {
		s.offer()
	}
}

func (s *source) offer() {
	if s.rests.CompareAndSwap(true, false) {
		s.opener(s)
	}
}

func (s *source) Feed(int32) flow.Feed {
	s.fed = true
	return s
}

func (s *source) Form(id flow.FileID) *flow.Form {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id != s.id {
		return nil
	}
	return &flow.Form{Key: []byte(s.forms[len(s.forms)-1])}
}

func (s *source) Share(number func(*flow.Form) int32, open func(int32, flow.Feed)) {
	if !s.fed {
		open(number(s.Form(s.id)), s)
	}
}

// sources is those of each topic.
type sources map[string]*source

func (all sources) Take(_ string, open func(flow.Topic)) {
	for _, s := range all {
		s.fed, s.opener = false, open
		s.rests.Store(false)
		open(s)
	}
}

// numbered is n lines that say which they are.
func numbered(from, n int) string {
	var b bytes.Buffer
	for i := from; i < from+n; i++ {
		fmt.Fprintf(&b, "line %06d end\n", i)
	}
	return b.String()
}
