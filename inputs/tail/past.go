package tail

import "tailrace/agent/flow"

// What was unread when the first scan ended: it may be in the topic, when the journal was
// lost, and is looked for there.

// past is a file as the first scan found it, with something to read.
type past struct {
	f    *file
	size int64 // bytes
	born int64 // Unix nanoseconds, 0 unknown
}

// remember notes what is unread at the end of the first scan.
func (in *Input) remember() {
	found := map[flow.FileID]past{}
	for f := range in.active {
		f.mu.Lock()
		p := past{f: f, size: f.size + f.joined}
		if f.pos.off < p.size {
			p.born = f.birthday()
			found[f.id] = p
		}
		f.mu.Unlock()
	}
	in.mu.Lock()
	in.olds = found
	in.mu.Unlock()
}

// forgetPast drops of that what was read since, and cannot be unread.
func (in *Input) forgetPast() {
	if len(in.olds) == 0 {
		return
	}
	left := map[flow.FileID]past{}
	for id, p := range in.olds {
		p.f.mu.Lock()
		read := p.f.pos.off >= min(p.size, p.f.end())
		p.f.mu.Unlock()
		if !read || p.f.queue.Busy(p.f) {
			left[id] = p
		}
	}
	in.mu.Lock()
	in.olds = left
	in.mu.Unlock()
}

// birthday is when the content of a file began, as far as its inode tells: not
// of one that was read already, which may have been restored since, nor of a
// copy that has the time of what it was copied from. The caller holds mu.
func (f *file) birthday() int64 {
	if f.pos.off > f.base || f.mtime < f.key.Birth {
		return 0
	}
	return f.key.Birth
}

// Past implements flow.Feed.
func (s *feed) Past() (p flow.Past) {
	select {
	case <-s.q.in.scanned:
	default:
		return p
	}
	p.Looked = true
	for n, old := range s.pastFiles() {
		if n == 0 || old.born < p.Since {
			p.Since = old.born
		}
		old.f.mu.Lock()
		p.Left = p.Left || max(old.f.pos.off, old.f.searched) < min(old.size, old.f.end())
		old.f.mu.Unlock()
	}
	return p
}

// pastFiles is the files of the feed that had something to read at first, and
// are not done.
func (s *feed) pastFiles() (all []past) {
	q := s.q
	shares := s.Shares()
	q.in.mu.Lock()
	defer q.in.mu.Unlock()
	for _, p := range q.in.olds {
		if p.f.queue == q && q.in.active[p.f] && shares(p.f.form) {
			all = append(all, p)
		}
	}
	return all
}

// Was implements flow.Feed.
func (s *feed) Was(id flow.FileID) (size, born int64) {
	q := s.q
	q.in.mu.Lock()
	defer q.in.mu.Unlock()
	p := q.in.olds[id]
	return p.size, p.born
}
