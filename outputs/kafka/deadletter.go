package kafka

import (
	"strconv"
	"strings"
	"time"

	"tailrace/agent/deadletter"
	"tailrace/agent/flow"
	"tailrace/agent/journal"
)

// sayEvery is how often it is said of each partition that lines are shortened.
const sayEvery = time.Minute

// keep puts a line that the brokers do not take whole into the dead-letter file,
// durably, and says so: of many not each, but how many there were.
func (o *Output) keep(t *tally, l deadletter.Letter) error {
	if err := o.dead.Keep(l); err != nil {
		return err
	}
	if n := t.sayShort(); n > 0 {
		o.Log.Error("lines that the brokers do not take whole are shortened; all of them is in the dead-letter file",
			"topic", t.topic, "partition", t.partition, "lines", n, "path", l.Path, "offset", l.Offset, "bytes", len(l.Value),
			"cause", l.Cause, "dead_letter", o.DeadLetter, "advice", shortAdvice)
	}
	return nil
}

// letter is the one line of c, which the brokers do not take whole.
func letter(to journal.Lane, in journal.Intent, c *flow.Chunk, code int16) deadletter.Letter {
	return deadletter.Letter{
		Time: time.UnixMilli(in.Time).UTC(), Cause: nameOf(code),
		Topic: to.Topic, Partition: to.Partition, Key: keyOf(to, c),
		File: c.File, Path: c.Path, Offset: c.Offset(0), Part: piece(c), Value: c.Line(0),
	}
}

// keyOf is the key of what is made of c.
func keyOf(to journal.Lane, c *flow.Chunk) string {
	if c.Form != nil {
		return string(c.Form.Key)
	}
	return to.Key
}

// piece is which piece of a long line c is; 0: the whole of a line.
func piece(c *flow.Chunk) int {
	if c.Reading == 0 {
		return c.Part
	}
	for _, h := range c.Records[0].Headers {
		if h.Key == "part" {
			n, _, _ := strings.Cut(string(h.Value), "/")
			part, _ := strconv.Atoi(n) // the cutter wrote it
			return part
		}
	}
	return 0
}
