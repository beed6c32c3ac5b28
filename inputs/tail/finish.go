package tail

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"tailrace/agent/journal"
	"tailrace/inputs/tail/disk"
)

// The end of a file: it is let go of, it gets data all the same, it is forgotten.

// finish lets go of f: it was read to its end, or is gone.
func (in *Input) finish(f *file) {
	f.mu.Lock()
	f.close()
	f.ended = max(f.ended, f.pos.off)
	f.mu.Unlock()
	f.state, f.since = done, momentOf(time.Now())
	f.queue.Remove(f)
	delete(in.draining, f)
	in.mu.Lock()
	delete(in.active, f)
	in.unpark(f)
	in.mu.Unlock()
	in.noteFile(f)
	for _, g := range f.followers {
		if g.prev = nil; f.prev != nil {
			g.after(f.prev) // f was gone before its turn came
		}
		in.wake(g)
	}
	f.followers = nil
	in.loseBack(f)
}

// belated reads what came to a file that was done. What was a copy is found anew, as
// what it is now.
func (in *Input) belated(f *file) {
	if f.original != nil {
		in.drop(f)
		in.touched(filepath.Dir(f.now))
		return
	}
	in.slipped(f)
	f.late = true
	f.mu.Lock()
	f.final = false // Next reads it
	f.mu.Unlock()
	in.readOut(f)
	if f.packed {
		in.noteFile(f) // a compressed file that is done is not looked into after a restart
	}
	in.wake(f)
}

// readOut has f, which may have been done, read to its end like one that was rotated.
func (in *Input) readOut(f *file) {
	f.state, f.since = rotated, momentOf(time.Now())
	in.draining[f] = true
	in.mu.Lock()
	in.active[f] = true
	in.mu.Unlock()
}

// slipped notes that lines came to f, which was done: if it has a successor, they
// are out of order.
func (in *Input) slipped(f *file) {
	if in.tails[f.path] != f {
		in.slip(f.path, f.now, "lines were written to a rotated file after its successor was begun: they are shipped late")
	}
}

// drop forgets f.
func (in *Input) drop(f *file) {
	if in.byKey[f.key] == f {
		delete(in.byKey, f.key)
	}
	if in.tails[f.path] == f {
		delete(in.tails, f.path)
		in.kin.Forget(f.path)
		in.links.Forget(f.path)
	}
	in.displace(f)
	delete(in.del.failed, f)
	delete(in.sizes, f.key)
	f.mu.Lock()
	f.next = nil // else a copy that somebody keeps would hold all that came after it
	f.close()
	f.mu.Unlock()
	in.mu.Lock()
	delete(in.files, f.id)
	delete(in.active, f)
	in.mu.Unlock()
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
	if !f.removed() || !f.gone && f.since.ago() < keepRemoved {
		return false
	}
	at, _ := in.o.Journal.Acked(f.id)
	return at >= f.at() || in.queues[destination{f.queue.output, f.queue.topic}] == nil // nobody waits for it
}

// forget drops files that are gone, done and acked, but the last few of each
// path that still exists.
func (in *Input) forget() {
	maps.DeleteFunc(in.said, func(_ string, last time.Time) bool { return time.Since(last) > sayAgain })
	maps.DeleteFunc(in.sizes, func(_ disk.Key, s sized) bool { return time.Since(s.since) > keepParcel })
	gone := map[string][]*file{}
	var left []*file // of paths at which nothing is any more
	for _, f := range in.files {
		if in.deleted(f) || in.forgotten(f) {
			in.drop(f)
		} else if f.state == done && (f.gone || f.key == disk.Key{}) {
			gone[f.path] = append(gone[f.path], f)
		}
	}
	for _, path := range sortedKeys(gone) {
		files := gone[path]
		slices.SortFunc(files, olderFile)
		if tail := in.tails[path]; (tail == nil || tail.gone) && !in.parcelOf(path) {
			left = append(left, files...)
		} else {
			in.dropAcked(files[:max(0, len(files)-keepGone)])
		}
	}
	slices.SortFunc(left, func(a, b *file) int { return cmp.Or(cmp.Compare(a.since, b.since), olderFile(a, b)) })
	old, _ := slices.BinarySearchFunc(left, momentOf(time.Now().Add(-keepPath)), func(f *file, t moment) int { return cmp.Compare(f.since, t) })
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
