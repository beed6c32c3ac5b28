package tail

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"tailrace/agent/journal"
)

// finish lets go of f: it was read to its end, or is gone.
func (in *Input) finish(f *file) {
	f.mu.Lock()
	f.close()
	f.ended = max(f.ended, f.pos.off)
	f.mu.Unlock()
	f.state, f.since = done, time.Now()
	f.queue.remove(f)
	delete(in.draining, f)
	in.mu.Lock()
	delete(in.active, f)
	in.unpark(f)
	in.mu.Unlock()
	in.noteFile(f)
	for _, g := range f.followers {
		if g.prev != f {
			continue
		}
		if g.prev = nil; f.prev != nil {
			g.after(f.prev) // f was gone before its turn came
		}
		in.wake(g)
	}
	f.followers = nil
	in.loseBack(f)
}

// noteFile brings the journal's record of f up to date.
func (in *Input) noteFile(f *file) {
	if f.recorded {
		in.o.Journal.Note(journal.Record{File: f.journalFile()})
	}
}

func (f *file) journalFile() *journal.File {
	r := &journal.File{
		ID: f.id, Path: f.path, Output: f.queue.output, Topic: f.queue.topic, Dev: f.dev, Ino: f.ino, Birth: f.birth, Owner: f.owner, Handle: f.handle,
		Prev: f.prevID, Base: f.base, BaseMark: f.baseMark, Done: f.state == done, Deleting: f.deleting,
	}
	if f.now != f.path {
		r.Now = f.now
	}
	switch {
	case r.Done:
		r.End = f.at()
	case f.gone:
		r.Size = f.sizeUnread()
	}
	return r
}

// sizeUnread is the size of f, 0 when all of it was read.
func (f *file) sizeUnread() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.size <= f.pos.off {
		return 0
	}
	return f.size
}

// belated reads what came to a file that was done, unless it is a copy.
func (in *Input) belated(f *file) {
	if f.original != nil {
		in.grownCopy(f)
		return
	}
	in.slipped(f)
	f.late = true
	f.mu.Lock()
	f.final = false // Next reads it
	f.mu.Unlock()
	f.state, f.since = rotated, time.Now()
	in.draining[f] = true
	in.mu.Lock()
	in.active[f] = true
	in.mu.Unlock()
	if f.packed {
		in.noteFile(f) // a compressed file that is done is not looked into after a restart
	}
	in.wake(f)
}

// slipped notes that lines came to f, which was done: if it has a successor, they
// are out of order.
func (in *Input) slipped(f *file) {
	if in.tails[f.path] != f {
		in.stats.slips.Add(1)
		in.warnOnce("late:"+f.path, "lines were written to a rotated file after its successor was begun: they are shipped late", "path", f.now)
	}
}

// drop forgets f.
func (in *Input) drop(f *file) {
	if in.byKey[f.key] == f {
		delete(in.byKey, f.key)
	}
	if in.tails[f.path] == f {
		delete(in.tails, f.path)
		in.forgetKin(f.path)
		delete(in.warned, "late:"+f.path)
		delete(in.warned, "topic:"+f.path)
	}
	in.displace(f)
	delete(in.del.failed, f)
	delete(in.shrunk, f)
	delete(in.waiting, f)
	f.mu.Lock()
	f.next = nil // else a copy that somebody keeps would hold all that came after it
	f.close()
	f.mu.Unlock()
	in.mu.Lock()
	delete(in.files, f.id)
	delete(in.active, f)
	in.mu.Unlock()
	in.kindred, in.families = nil, nil
	if f.recorded {
		in.o.Journal.Note(journal.Record{Forget: &journal.Forget{ID: f.id}})
	}
}

// keepGone is how many identities of files that are gone are kept for each
// path: copies of them may still be around, and are known by them.
const keepGone = 16

// Identities of paths at which nothing is any more are kept for keepPath, and no
// more than keepLeft of all of them: what appears there next is their successor,
// or they come back, from a backup or with the file system that they are on.
const (
	keepPath = 7 * 24 * time.Hour
	keepLeft = 1024
)

// keepRemoved is how long a file is kept at most that no input follows any more,
// in one run: should an input follow it again, it is not shipped again.
const keepRemoved = 7 * 24 * time.Hour

// forgotten says that f, which no input follows, need not be known any more.
func (in *Input) forgotten(f *file) bool {
	if !f.removed() || !f.gone && time.Since(f.since) < keepRemoved {
		return false
	}
	at, _ := in.o.Journal.Acked(f.id)
	return at >= f.at() || in.queues[destination{f.queue.output, f.queue.topic}] == nil // nobody waits for it
}

// forget drops files that are gone, done and acked, but the last few of each
// path that still exists.
func (in *Input) forget() {
	maps.DeleteFunc(in.growing, func(_ key, c copySize) bool { return time.Since(c.since) > keepParcel })
	gone := map[string][]*file{}
	var left []*file // of paths at which nothing is any more
	for _, f := range in.files {
		if in.deleted(f) || in.forgotten(f) {
			in.drop(f)
		} else if f.state == done && (f.gone || f.key == key{}) {
			gone[f.path] = append(gone[f.path], f)
		}
	}
	for _, path := range sortedKeys(gone) {
		files := gone[path]
		slices.SortFunc(files, func(a, b *file) int { return int(a.id) - int(b.id) })
		if tail := in.tails[path]; (tail == nil || tail.gone) && !in.parcelOf(path) {
			left = append(left, files...)
		} else {
			in.dropAcked(files[:max(0, len(files)-keepGone)])
		}
	}
	slices.SortFunc(left, func(a, b *file) int { return cmp.Or(a.since.Compare(b.since), int(a.id)-int(b.id)) })
	old, _ := slices.BinarySearchFunc(left, time.Now().Add(-keepPath), func(f *file, t time.Time) int { return f.since.Compare(t) })
	in.dropAcked(left[:max(old, len(left)-keepLeft)])
}

// dropAcked drops files, but those of which not all is acked.
func (in *Input) dropAcked(files []*file) {
	for _, f := range files {
		if !in.unacked(f) {
			in.drop(f)
		}
	}
}

// unacked says that not all that was read of f is acked.
func (in *Input) unacked(f *file) bool {
	at, _ := in.o.Journal.Acked(f.id)
	return at < f.at()
}
