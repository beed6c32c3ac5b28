package tail

import (
	"slices"
	"time"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/unpack"
)

// What the journal knew, at the start: the files of a path, one behind the other.

// resume makes the file that the journal knows.
func (in *Input) resume(s journal.FileState) {
	f := &file{
		id: s.ID, path: s.Path, now: s.Now, fd: -1,
		key: disk.MakeKey(s.Dev, s.Ino, s.Birth), dev: s.Dev,
		owner: uint32(s.Owner), handle: s.Handle, prevID: s.Prev, base: s.Base, baseMark: s.BaseMark, hole: s.Hole, alike: s.Alike,
		pos: position{off: s.Resume, mark: s.ResumeMark}, searched: s.Resume,
		recorded: true, resumed: true, since: momentOf(time.Now()), deleting: s.Deleting, held: s.Size, noted: s.End,
	}
	if f.now == "" {
		f.now = f.path
	}
	f.packed = unpack.Is(f.now)
	f.size = s.Resume
	in.files[f.id] = f
	in.newest = max(in.newest, f.id)
	i := in.pats.Match(f.path)
	if i < 0 {
		f.queue, f.conf = in.oldQueue(destination{s.Output, s.Topic}), &unfollowedConfig
	} else {
		f.conf = &in.o.Inputs[i]
		in.route(f)
	}
	f.setReading(in)
	// Without a key its inode got other content, and no copy was found.
	if s.Done && s.Resume >= s.End || f.key == (disk.Key{}) {
		f.state = done
	} else if i >= 0 {
		in.active[f] = true
		in.offer(f.queue)
	} else {
		f.state = unfollowed
	}
	in.place(f)
	if f.key == (disk.Key{}) {
		f.gone = true
	} else {
		in.byKey[f.key] = f
	}
}

// unfollowedConfig is of files that the configuration no longer names.
var unfollowedConfig = Config{CloseIdle: openFor}

// removed says that no input follows f any more: it is only known where it is,
// and not read, whatever its state.
func (f *file) removed() bool { return f.conf == &unfollowedConfig }

// oldQueue is the queue of files that are no longer followed: nobody reads it.
func (in *Input) oldQueue(at destination) *queue {
	if in.oldQueues[at] == nil {
		q := newQueue(in, at.output, at.topic)
		q.taken = true
		in.oldQueues[at] = q
	}
	return in.oldQueues[at]
}

// chain links the files that the journal knows: those of one path are read one
// after the other.
func (in *Input) chain() {
	chains := in.chains()
	for _, path := range sortedKeys(chains) {
		files := chains[path]
		in.tails[path] = files[len(files)-1]
		var last *file
		for i, f := range files {
			if i > 0 {
				files[i-1].halfOf(f, in.tails[path].key.Birth)
			}
			if last != nil {
				f.after(last)
			}
			if in.active[f] {
				last = f
			}
		}
	}
	for _, f := range byID(in.active) {
		if in.tails[f.path] != f {
			in.rotate(f)
		}
	}
}

// chains is the known files by their path, in order. A file comes right after
// its predecessor: what was truncated when it had a successor already has been
// numbered after that.
func (in *Input) chains() map[string][]*file {
	chains := map[string][]*file{}
	followed := map[flow.FileID]bool{}
	for _, s := range in.o.Files {
		followed[s.Prev] = true
	}
	for _, s := range in.o.Files {
		f := in.files[s.ID]
		files := chains[f.path]
		at := len(files)
		late := f.prevID == 0 && f.base == 0 && slices.ContainsFunc(files, func(p *file) bool { return !p.isHistory() })
		if (f.isHistory() || late) && !followed[f.id] {
			at = 0 // it was noted, or found, late, and nothing comes after it
		}
		if i := slices.Index(files, in.files[f.prevID]); i >= 0 {
			at = i + 1
		}
		chains[f.path] = slices.Insert(files, at, f)
	}
	return chains
}

// isHistory says that f was noted as read when it was found, or that nothing of it was
// read since it began at a place: see history.
func (f *file) isHistory() bool {
	return f.state == done && f.prevID == 0 && f.at() == f.base
}

// after makes f wait for p.
func (f *file) after(p *file) {
	f.prev = p
	p.followers = append(p.followers, f)
}
