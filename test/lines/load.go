package lines

import (
	"context"
	"time"
)

// A Load is how a Log is written and rotated until a context ends.
type Load struct {
	Rate   int           // lines per second
	Rotate time.Duration // renamed this often; 0: never
	Keep   int           // rotated files that are kept
	Copy   bool          // rotated by copying and truncating
	// Late bounds how long the program goes on in the renamed file before it
	// opens the new one: between a sixth of it and all of it.
	Late time.Duration
	// Compress is what the name of the file ends in that was rotated last but
	// one: ".gz" and the like. Empty: nothing is compressed.
	Compress string
}

const tick = 5 * time.Millisecond

// Run writes the load. It ends with whole lines, and with a file at the path.
func (l *Log) Run(ctx context.Context, load Load) error {
	t := time.NewTicker(tick)
	defer t.Stop()
	begin := time.Now()
	written := 0
	rotate := begin.Add(load.Rotate)
	var reopen time.Time
	for {
		select {
		case <-ctx.Done():
			if err := l.Flush(); err != nil || reopen.IsZero() {
				return err
			}
			return l.Reopen()
		case <-t.C:
		}
		now := time.Now()
		due := int(now.Sub(begin).Seconds() * float64(load.Rate))
		if err := l.Write(due - written); err != nil {
			return err
		}
		written = due
		switch {
		case !reopen.IsZero() && now.After(reopen):
			reopen = time.Time{}
			if err := l.Reopen(); err != nil {
				return err
			}
		case load.Rotate > 0 && reopen.IsZero() && now.After(rotate):
			rotate = now.Add(load.Rotate)
			if load.Copy {
				if err := l.RotateCopy(load.Keep); err != nil {
					return err
				}
				continue
			}
			reopen = now.Add(load.Late/6 + time.Duration(l.r.Int64N(int64(load.Late)*5/6+1)))
			if err := l.rotateAndMaybeCreate(load.Keep); err != nil {
				return err
			}
			if load.Compress != "" && len(l.names) > 1 {
				if err := l.Compress(1, load.Compress); err != nil {
					return err
				}
			}
		}
	}
}

// rotateAndMaybeCreate rotates; every second time, at random, the new file is
// there at once and is empty while the program still writes to the old one.
func (l *Log) rotateAndMaybeCreate(keep int) error {
	if err := l.Rotate(keep); err != nil {
		return err
	}
	if l.r.IntN(2) == 0 {
		return l.Create()
	}
	return nil
}
