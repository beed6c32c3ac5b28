package tail

import (
	"slices"
	"time"

	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/explain"
)

// The same of one file: its state, and what it waits for.

// chainOf is the files whose lines belong to path, and the one with the
// identity k, in the order in which they are read. Run calls it.
func (in *Input) chainOf(path string, k disk.Key) []*file {
	out := in.filesOf(path)
	if f := in.byKey[k]; f != nil && f.path != path {
		out = append(out, f)
	}
	slices.SortFunc(out, olderFile)
	return out
}

// facts is what is known of f. Run calls it. live says that what it waits for
// is to be told too.
func (f *file) facts(live bool) explain.File {
	acked, _ := f.queue.in.o.Journal.Acked(f.id)
	f.mu.Lock()
	x := explain.File{
		ID: f.id, Path: f.path, Now: f.now, Output: f.queue.output, Topic: f.queue.topic, State: f.verdict(),
		Device: f.dev, Inode: f.key.Ino, From: f.base, Size: f.size + f.joined, Read: f.pos.off, Acked: acked,
		Open: f.fd >= 0, Packed: f.packed, Late: f.late,
	}
	if f.state == done {
		x.Space = f.size + f.joined - f.end()
	}
	gone := f.key == (disk.Key{})
	if gone && f.state == done {
		x.Size = max(f.pos.off, f.certain+f.joined) // what was seen after that is another's
	}
	f.mu.Unlock()
	if gone {
		x.Device, x.Inode = 0, 0
	} else if f.key.Birth != 0 {
		x.Birth = time.Unix(0, f.key.Birth)
	}
	if live {
		x.Waits = f.waits(acked)
		x.Deletion = f.deletion()
	}
	return x
}

// deletion says why f, which its input wants deleted, is still there; nil when it
// is not wanted.
func (f *file) deletion() *explain.Deletion {
	if f.conf == nil || f.conf.DeleteAfter == 0 || f.gone {
		return nil
	}
	why, until := f.queue.in.keeps(f, time.Now())
	return &explain.Deletion{Why: why, Until: until}
}

// verdict is the state in a word that means something to others. The caller
// holds mu.
func (f *file) verdict() explain.Verdict {
	switch {
	case f.original != nil:
		return explain.Copied
	case f.state == following:
		return explain.Followed
	case f.state == rotated:
		return explain.Draining
	case f.state == unfollowed:
		return explain.Dropped
	case f.packed && f.end() > f.pos.off:
		return explain.Packed // it is damaged
	case f.base > 0 && f.pos.off == f.base:
		return explain.History
	}
	return explain.Finished
}

// waits is what has to happen before more of f is shipped. Run calls it.
func (f *file) waits(acked int64) []explain.Wait {
	var out []explain.Wait
	why := f.queue.in.blocked(f)
	if why&ended != 0 {
		return f.waitsForAnswer(nil, acked)
	}
	if why&unrecorded != 0 {
		out = append(out, explain.Wait{For: explain.ForJournal})
	}
	if why&doubtful != 0 {
		out = append(out, explain.Wait{For: explain.ForUnpacking})
	}
	if why&unreadable != 0 {
		out = append(out, explain.Wait{For: explain.ForRetry, Error: f.wrong.Error(), Until: f.queue.in.parked[f].retry})
	}
	if why&succeeding != 0 {
		p := f.prev
		p.mu.Lock()
		out = append(out, explain.Wait{For: explain.ForPredecessor, Path: p.now, Bytes: max(0, p.end()-p.pos.off)})
		p.mu.Unlock()
	} else if why&unreadable == 0 {
		out = append(out, f.waitsForMore()...)
	}
	return f.waitsForAnswer(out, acked)
}

// waitsForMore is what keeps the rest of f, whose turn in its chain has come,
// from being read.
func (f *file) waitsForMore() []explain.Wait {
	patience := time.Duration(0)
	if f.state == rotated {
		patience = f.queue.in.patience(f)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	rest := max(0, f.end()-f.pos.off)
	switch {
	case f.reserved && f.state == following && rest == 0:
		return []explain.Wait{{For: explain.ForData, Bytes: f.size - f.pos.off}}
	case f.unread():
		return []explain.Wait{{For: explain.ForTurn, Bytes: rest}}
	case rest > 0 && f.state == following && f.rec != nil && f.rec.told.waits:
		until := f.grown.time().Add(f.rec.how.Wait)
		if f.rec.how.Wait == 0 {
			until = f.rec.stuck.Add(f.rec.how.Stall)
		}
		return []explain.Wait{{For: explain.ForRecord, Bytes: rest, Until: until}}
	case rest > 0 && f.state == following:
		return []explain.Wait{{For: explain.ForNewline, Bytes: rest}}
	case rest > 0 && f.half:
		return []explain.Wait{{For: explain.ForHalf, Bytes: rest, Path: f.next.path}}
	case f.state == rotated:
		last := max(f.grown, f.since).time()
		return []explain.Wait{{For: explain.ForQuiet, Bytes: rest, Until: last.Add(patience)}}
	}
	return nil
}

func (f *file) waitsForAnswer(out []explain.Wait, acked int64) []explain.Wait {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := f.pos.off - acked; n > 0 {
		out = append(out, explain.Wait{For: explain.ForAnswer, Bytes: n})
	}
	return out
}
