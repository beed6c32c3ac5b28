package tail

import (
	"cmp"
	"path/filepath"
	"time"

	"tailrace/agent/deadletter"
	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/inputs/tail/record"
)

// Reading for files whose lines are not records as they are: a record may span lines,
// and its end may be known only after a while.

// skipMax is how many bytes of records that are left out one Next goes through
// at most: a lane has more to do.
const skipMax = 4 << 20

// leastRead is how many bytes are read at least when fewer hold no record: a
// batch that is nearly full wants few, and a record may be up to the window.
const leastRead = 16 << 10

// readRecords is read for a file whose lines are not records as they are.
func (f *file) readRecords(s *feed, c *flow.Chunk, most int) (result, error) {
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
		c.Part, c.Final, c.Reading = f.pos.mark.Part, false, how.Number
		end := f.ending(n, want)
		used, part := s.cutter.Cut(how.Reading, c, end)
		if used == 0 && n == want && want < how.Window() {
			want = min(max(4*want, leastRead), how.Window())
			continue
		}
		if used == 0 {
			f.rec.tried[end] = f.size
		}
		f.rec.flush = record.More // data may have come since it was asked for
		if how.DeadLetter() && used > 0 {
			if err := f.keepLong(s, c); err != nil {
				return broken, err
			}
		}
		return f.giveRecords(s, c, lead, used, part, n), nil
	}
}

// keepLong keeps the text of records that are cut off.
func (f *file) keepLong(s *feed, c *flow.Chunk) error {
	dead := f.queue.in.o.DeadLetter
	if dead == nil {
		return nil
	}
	var letters []deadletter.Letter
	kept := f.rec.kept
	for _, r := range s.cutter.Long() {
		end := c.Start + int64(r.End)
		if end <= f.rec.kept {
			continue // it was given back, and comes again
		}
		kept = max(kept, end)
		text := s.cutter.Kept(r)
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
	switch whole := n < want && f.pos.off+int64(n) >= f.end(); {
	case whole && (f.final || f.joined > 0):
		return record.Last
	case !whole, f.rec.flush != record.More && f.grown.ago() < f.rec.how.Wait:
		return f.rec.flush &^ record.Quiet // what came since it was asked for is waited for anew
	}
	return f.rec.flush
}

// giveRecords hands out what was cut out of the first used of the n bytes that
// were read. What is behind them is not complete.
func (f *file) giveRecords(s *feed, c *flow.Chunk, lead, used, part, n int) result {
	back := f.pos
	f.searched = back.off + int64(n)
	if used > 0 {
		f.rec.stuck, f.rec.tried = time.Time{}, [record.Last + 1]int64{}
		s.back = back
		c.Lead, c.Data = c.Buf[:lead], c.Buf[lead:lead+used]
		c.PrefixLen, c.Prefix = back.mark.PrefixLen, back.mark.Prefix
		f.pos.mark.Extend(c.Lead, c.Data)
		f.pos.off += int64(used)
		f.pos.mark.Part = part
		f.noteSteps(c, back)
		f.counted(s.cutter.Counts(len(c.Records)))
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
func (f *file) unreadRecords(s *feed, c *flow.Chunk, n int) {
	k := &s.cutter
	f.queue.in.stats.count(k.Counts(len(c.Records)).Plus(k.Counts(n), -1), -1)
	f.rec.tried = [record.Last + 1]int64{}
}

// await has Run see to it that records are given though their end is not known,
// when nothing comes for a while.
func (f *file) await() {
	r := f.rec
	if f.pos.off < f.end() && !f.unread() && (r.how.Wait > 0 && r.tried[record.Quiet] != f.size ||
		r.how.Stall > 0 && r.tried[record.Stalled|record.Quiet] != f.size) {
		f.tellOnce(&r.told.waits, func(in *Input) { in.waits[f] = true })
	}
}

// overdue says what is to be told of the records that wait; More: nothing yet.
// The caller holds mu.
func (f *file) overdue() record.End {
	r, end := f.rec, record.More
	if !f.unread() && f.grown.ago() >= r.how.Wait {
		end = record.Quiet
	}
	if r.how.Stall > 0 && !r.stuck.IsZero() && time.Since(r.stuck) >= r.how.Stall {
		end |= record.Stalled
	}
	if end == record.Quiet && r.how.Wait == 0 || r.tried[end] == f.size {
		return record.More
	}
	return end
}

// endQuiet asks for the last records of the files that have been quiet. When
// what comes next at the path may go on with one, drain decides.
func (in *Input) endQuiet() {
	for _, f := range byID(in.waits) {
		may := f.state != done && (f.state != rotated || !f.followed()) && in.stays(f)
		f.mu.Lock()
		r := f.rec
		waits, end := f.state != done && f.pos.off < f.end(), record.More
		if waits && may {
			end = f.overdue()
		}
		if end != record.More {
			r.flush = end
		}
		if end != record.More || !waits || f.unread() {
			r.told.waits = false
			delete(in.waits, f)
		}
		f.mu.Unlock()
		if end != record.More {
			in.wake(f)
		}
	}
}

// stays says that f is still where it was last seen. If it is not, a look that
// finds out about its successor comes first.
func (in *Input) stays(f *file) bool {
	if f.gone || in.present(f) {
		return true
	}
	in.touched(filepath.Dir(f.now))
	return false
}

// noteSkips notes that what was left out was read, where nothing before it is
// under way: else a file of which nothing is shipped would be read from its
// beginning at each start.
func (in *Input) noteSkips() {
	for _, f := range byID(in.skips) {
		if in.files[f.id] != f { // it is forgotten
			delete(in.skips, f)
			continue
		}
		acked, _ := in.o.Journal.Acked(f.id)
		f.mu.Lock()
		r := f.rec
		s := flow.Span{File: f.id, Start: r.given, End: f.pos.off, Mark: f.pos.mark}
		note := s.End > s.Start && acked >= s.Start
		if note {
			r.given = s.End
			if how, err := f.reading(); err == nil {
				s.Reading = how.Number
			}
		}
		if r.given >= s.End {
			r.told.skips = false
			delete(in.skips, f)
		}
		f.mu.Unlock()
		if note {
			in.o.Journal.Note(journal.Record{Done: &journal.Done{Spans: []flow.Span{s}}})
		}
	}
}
