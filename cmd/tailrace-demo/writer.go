package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"
)

// A writer is a program that writes a log as programs do: a few lines at a
// time, cut anywhere, and through a descriptor that stays on the old file for
// a while after that was renamed. One goroutine calls run; rotations may be
// read by any.
type writer struct {
	name   string // the log is dir/name.log
	dir    string
	rate   int           // lines per second
	rotate time.Duration // between two rotations
	first  time.Duration // until the first
	late   time.Duration // how long it goes on in the file that was renamed
	ledger *ledger

	file      *os.File
	rest      []byte // of a line that is half written
	rotations atomic.Int64
	random    *rand.Rand
}

// tick is how often a writer writes.
const tick = 20 * time.Millisecond

// run writes until stop is closed or ctx ends, and ends with a whole line.
func (w *writer) run(ctx context.Context, stop <-chan struct{}) error {
	w.random = rand.New(rand.NewPCG(uint64(len(w.name)), 1))
	if err := w.open(); err != nil {
		return err
	}
	defer func() { w.file.Close() }()
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	start := time.Now()
	renameAt := start.Add(w.first)
	var reopenAt time.Time
	for lines := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-stop:
			return w.finish()
		case <-ticks.C:
		}
		now := time.Now()
		due := int(now.Sub(start).Seconds() * float64(w.rate))
		if err := w.write(due - lines); err != nil {
			return err
		}
		lines = due
		if reopenAt.IsZero() && now.After(renameAt) {
			if err := w.rename(); err != nil {
				return err
			}
			renameAt, reopenAt = renameAt.Add(w.rotate), now.Add(w.late)
		}
		if !reopenAt.IsZero() && now.After(reopenAt) {
			if err := w.reopen(); err != nil {
				return err
			}
			reopenAt = time.Time{}
		}
	}
}

func (w *writer) path() string { return filepath.Join(w.dir, w.name+".log") }

func (w *writer) open() (err error) {
	w.file, err = os.OpenFile(w.path(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return err
}

// write writes n lines, in two pieces that meet at any byte. Mostly the second
// waits for the next call: half a line is in the file until then.
func (w *writer) write(n int) error {
	text := w.rest
	for range n {
		text = append(text, w.line()...)
		text = append(text, '\n')
	}
	if len(text) == 0 {
		return nil
	}
	cut := len(text) - w.random.IntN(min(len(text), 60))
	w.rest = slices.Clone(text[cut:])
	_, err := w.file.Write(text[:cut])
	return err
}

// finish writes what is left of the last line.
func (w *writer) finish() error {
	_, err := w.file.Write(w.rest)
	w.rest = nil
	return err
}

// rename moves the log to name.log.1, and the older ones one further. The
// descriptor stays on it.
func (w *writer) rename() error {
	for n := w.rotations.Load(); n > 0; n-- {
		if err := os.Rename(w.old(n), w.old(n+1)); err != nil {
			return err
		}
	}
	w.rotations.Add(1)
	return os.Rename(w.path(), w.old(1))
}

func (w *writer) old(n int64) string { return fmt.Sprintf("%s.%d", w.path(), n) }

// reopen ends the line in the old file and goes on in a new one.
func (w *writer) reopen() error {
	if err := w.finish(); err != nil {
		return err
	}
	if err := w.file.Close(); err != nil {
		return err
	}
	return w.open()
}

// line makes the log's next line and enters it in the ledger.
func (w *writer) line() string {
	methods := [...]string{"GET", "GET", "GET", "POST", "PUT"}
	paths := [...]string{"/cart", "/orders", "/products", "/login", "/search"}
	status := [...]int{200, 200, 200, 200, 304, 404, 500}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s %06d %s %s/%d %d %dms",
		time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), w.name, w.ledger.next(w.name),
		methods[w.random.IntN(len(methods))], paths[w.random.IntN(len(paths))], w.random.IntN(10_000),
		status[w.random.IntN(len(status))], w.random.IntN(500))
	line := b.String()
	w.ledger.add(w.name, line)
	return line
}
