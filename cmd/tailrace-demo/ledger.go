package main

import (
	"bytes"
	"strconv"
	"sync"
)

// A ledger is what was written: every line of every log, in the order of its
// log. It is safe for any goroutine.
type ledger struct {
	mu    sync.Mutex
	logs  map[string][]string // lines without their newlines
	total int
}

func newLedger() *ledger { return &ledger{logs: make(map[string][]string)} }

// next is the number of the next line of a log, from 0.
func (l *ledger) next(log string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.logs[log])
}

// add records a line of a log that is about to be written.
func (l *ledger) add(log, line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.logs[log] = append(l.logs[log], line)
	l.total++
}

// lines is the number of lines of all logs.
func (l *ledger) lines() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// find returns the log and the number of a line that was written exactly so.
// The line itself says which one it claims to be: "time log number …".
func (l *ledger) find(value []byte) (log string, n int, ok bool) {
	fields := bytes.SplitN(value, []byte{' '}, 4)
	if len(fields) < 4 {
		return "", 0, false
	}
	log = string(fields[1])
	n, err := strconv.Atoi(string(fields[2]))
	if err != nil || n < 0 {
		return "", 0, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := l.logs[log]
	return log, n, n < len(lines) && lines[n] == string(value)
}

// A tally compares what the topic holds with what was written.
type tally struct {
	written    int
	inTopic    int // records
	missing    int // lines that no record holds
	repeated   int // records of lines that an earlier record holds
	disordered int // lines behind a later line of their log
	altered    int // records that hold no line that was written
}

// exact says that every line is there once, in order and unaltered.
func (t tally) exact() bool {
	return t.missing == 0 && t.repeated == 0 && t.disordered == 0 && t.altered == 0
}

// A count compares the records of a topic with a ledger, one by one. It is
// for one goroutine.
type count struct {
	ledger *ledger
	seen   map[string][]bool
	high   map[string]int // the highest number that was seen of a log, plus 1
	tally  tally
	// examples are the first few records and lines that are not as they must
	// be, in words.
	examples []string
}

func newCount(l *ledger) *count {
	return &count{ledger: l, seen: make(map[string][]bool), high: make(map[string]int)}
}

// record takes the value of the topic's next record.
func (c *count) record(value []byte) {
	c.tally.inTopic++
	log, n, ok := c.ledger.find(value)
	if !ok {
		c.tally.altered++
		c.example("altered", string(value))
		return
	}
	if missing := n + 1 - len(c.seen[log]); missing > 0 {
		c.seen[log] = append(c.seen[log], make([]bool, missing)...)
	}
	switch {
	case c.seen[log][n]:
		c.tally.repeated++
		c.example("repeated", string(value))
	case n < c.high[log]:
		c.tally.disordered++
		c.example("out of order", string(value))
	default:
		c.high[log] = n + 1
	}
	c.seen[log][n] = true
}

// example keeps the first few.
func (c *count) example(what, line string) {
	if len(c.examples) < 8 {
		c.examples = append(c.examples, what+": "+clip(line, 100))
	}
}

// result is the tally when every record was given.
func (c *count) result() tally {
	c.ledger.mu.Lock()
	defer c.ledger.mu.Unlock()
	t := c.tally
	t.written = c.ledger.total
	for log, lines := range c.ledger.logs {
		seen := c.seen[log]
		for n, line := range lines {
			if n >= len(seen) || !seen[n] {
				t.missing++
				c.example("missing", line)
			}
		}
	}
	return t
}
