package tail

import (
	"cmp"
	"time"

	"tailrace/agent/deadletter"
	"tailrace/agent/flow"
	"tailrace/inputs/tail/record"
)

// skipMax is how many bytes of records that are left out one Next goes through
// at most: a lane has more to do.
const skipMax = 4 << 20

// leastRead is how many bytes are read at least when fewer hold no record: a
// batch that is nearly full wants few, and a record may be up to the window.
const leastRead = 16 << 10

// readRecords is read for a file whose lines are not records as they are.
func (f *file) readRecords(c *flow.Chunk, most int) (result, error) {
	how, err := f.reading()
	if err != nil {
		return broken, err
	}
	want := min(most, readSize)
	for {
		lead, n, r, err := f.load(c, want, how.Width())
		if r != filled {
			return r, err
		}
		c.File, c.Path, c.Start = f.id, f.path, f.pos.off
		c.Part, c.Final, c.Reading = f.pos.mark.Part, false, how.number
		end := f.ending(n, want)
		used, part := f.shard.cutter.Cut(how.Reading, c, end)
		if used == 0 && n == want && want < how.Window() {
			want = min(max(4*want, leastRead), how.Window())
			continue
		}
		if used == 0 {
			f.rec.tried[end] = f.size
		}
		f.rec.flush = record.More // data may have come since it was asked for
		if how.DeadLetter() && used > 0 {
			if err := f.keepLong(c); err != nil {
				return broken, err
			}
		}
		return f.giveRecords(c, lead, used, part, n), nil
	}
}

// keepLong keeps the text of records that are cut off.
func (f *file) keepLong(c *flow.Chunk) error {
	dead := f.queue.in.o.DeadLetter
	if dead == nil {
		return nil
	}
	var letters []deadletter.Letter
	kept := f.rec.kept
	for _, r := range f.shard.cutter.Long() {
		end := c.Start + int64(r.End)
		if end <= f.rec.kept {
			continue // it was given back, and comes again
		}
		kept = max(kept, end)
		text := f.shard.cutter.Kept(r)
		if len(text) == 0 {
			continue // only the newline is left
		}
		letters = append(letters, deadletter.Letter{
			Time: time.Now().UTC(), Cause: deadletter.TooLong, Topic: f.queue.topic,
			File: f.id, Path: f.path, Offset: c.Start + int64(r.Start), Value: text,
		})
	}
	if len(letters) > 0 {
		if err := dead.Keep(letters...); err != nil {
			return err
		}
	}
	f.rec.kept = kept
	return nil
}

// ending says what is known of what is behind n bytes that were read, of want.
func (f *file) ending(n, want int) record.End {
	switch whole := n < want && f.pos.off+int64(n) >= f.size+f.joined; {
	case whole && (f.final || f.joined > 0):
		return record.Last
	case !whole:
		return f.rec.flush &^ record.Quiet
	}
	return f.rec.flush
}

// giveRecords hands out what was cut out of the first used of the n bytes that
// were read. What is behind them is not complete.
func (f *file) giveRecords(c *flow.Chunk, lead, used, part, n int) result {
	back := f.pos
	f.searched = back.off + int64(n)
	if used > 0 {
		f.rec.stuck, f.rec.tried = time.Time{}, [record.Last + 1]int64{}
		f.shard.back = back
		c.Lead, c.Data = c.Buf[:lead], c.Buf[lead:lead+used]
		c.PrefixLen, c.Prefix = back.mark.PrefixLen, back.mark.Prefix
		f.pos.mark.Extend(c.Lead, c.Data)
		f.pos.off += int64(used)
		f.pos.mark.Part = part
		f.noteSteps(c, back)
		f.counted(f.shard.cutter.Counts(len(c.Records)))
	}
	if used < n && f.rec.stuck.IsZero() {
		f.rec.stuck = time.Now()
	}
	f.await()
	switch {
	case used == 0:
		return nothing
	case len(c.Records) == 0:
		f.tellOnce(&f.rec.told.skips, func(in *Input) { in.skips[f] = true })
		return skipped
	}
	f.rec.given = f.pos.off
	return filled
}

// counted counts what was cut, and says what is odd in it.
func (f *file) counted(n record.Counts) {
	in := f.queue.in
	in.stats.count(n, 1)
	if n.Malformed > 0 {
		f.tellOnce(&f.rec.told.malformed, func(in *Input) {
			in.log.Warn("lines are not in the format of the container runtime: they are shipped as they are, with a header malformed",
				"path", f.path, "container", f.conf.Record.Container)
		})
	}
	if n.Invalid > 0 {
		f.tellOnce(&f.rec.told.invalid, func(in *Input) {
			in.log.Warn("there are bytes that mean nothing in this encoding: they are shipped as U+FFFD; if they are many, it is not the encoding of the file",
				"path", f.path, "encoding", f.conf.Record.Encoding)
		})
	}
	if n.Long > 0 {
		f.tellOnce(&f.rec.told.long, func(in *Input) {
			in.log.Warn("lines are longer than max_line", "path", f.path, "long_lines", cmp.Or(f.conf.Record.LongLines, record.Split))
		})
	}
}

// tellOnce has Run do something once.
func (f *file) tellOnce(told *bool, do func(in *Input)) {
	if !*told {
		*told = true
		in := f.queue.in
		in.tell(task{do: func() { do(in) }})
	}
}

// unreadRecords is unreadFrom for records.
func (f *file) unreadRecords(c *flow.Chunk, n int) {
	k := &f.shard.cutter
	f.queue.in.stats.count(k.Counts(len(c.Records)).Plus(k.Counts(n), -1), -1)
	f.rec.tried = [record.Last + 1]int64{}
}
