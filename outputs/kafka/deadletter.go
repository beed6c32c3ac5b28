package kafka

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
)

// deadLetters is the file of lines that the brokers did not take whole: one
// JSON object per line. It is safe for any goroutine.
type deadLetters struct {
	path string
	mu   sync.Mutex
}

// deadLetter is one of them. The value is base64, since a line may be any
// bytes.
type deadLetter struct {
	Time      time.Time `json:"time"`
	Cause     string    `json:"cause"`
	Topic     string    `json:"topic"`
	Partition int32     `json:"partition"`
	Key       string    `json:"key"`
	Path      string    `json:"path"`
	Offset    int64     `json:"offset"`
	Part      int       `json:"part,omitempty"`
	Value     []byte    `json:"value"`
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

// keep appends the one line of c, and returns when it is on the disk. After a
// crash in between it may be there twice.
func (l *deadLetters) keep(to journal.Lane, in journal.Intent, c *flow.Chunk, code int16) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	line, err := json.Marshal(deadLetter{
		Time: time.UnixMilli(in.Time).UTC(), Cause: nameOf(code),
		Topic: to.Topic, Partition: to.Partition, Key: to.Key,
		Path: c.Path, Offset: c.Offset(0), Part: piece(c), Value: c.Line(0),
	})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return fmt.Errorf("dead-letter file: %w", err)
	}
	_, err = f.Write(append(line, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("dead-letter file %s: %w", l.path, err)
	}
	return nil
}
