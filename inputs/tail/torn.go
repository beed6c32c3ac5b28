package tail

import (
	"path/filepath"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

// A copytruncate that does not stop the writer may end its copy before what was
// read of the file already: what was written between the copy and the truncation
// is in no copy. Nothing is unread in a copy like that.

// knowTorn finds such copies of f, which was truncated, and notes that all of
// them was read: else they would be taken for generations that nobody saw.
func (in *Input) knowTorn(f *file, l *listing) {
	at := f.at()
	f.mu.Lock()
	limit := f.mtime // a copy is older than what was read behind its end
	f.mu.Unlock()
	if limit == 0 && !in.o.Life.IsZero() {
		limit = in.o.Life.UnixNano()
	}
	family := in.family(l, f.path)
	known := in.knownOf(family)
	for i, m := range family {
		birth, g := m.key.birth, in.byKey[m.key]
		if g != nil && g.original == nil || g == nil && i < known {
			continue
		}
		if m.gen.packed || birth == 0 || birth > limit || m.size >= at || !f.owned(m.entry) || !in.beginsLike(f, m.entry) {
			continue
		}
		if g != nil {
			in.drop(g) // the journal does not know it
		}
		in.log.Info("a file is a copy of another and is not shipped again", "path", m.entry.path, "of", filepath.Base(f.path))
		in.history(f.path, m.entry)
	}
}

// beginsLike says whether the file at e, which is shorter than what was read of
// f, has the same first bytes, and the same before the highest place below its
// end at which f is known.
func (in *Input) beginsLike(f *file, e entry) bool {
	fd, _, err := in.disk.openAs(e.path, e.key)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	pos := f.place()
	known := position{}
	if n := int64(pos.mark.PrefixLen); n >= flow.Enough && n <= e.size {
		known = position{off: n, mark: pos.mark}
	}
	for _, p := range in.places(f) {
		if p.off <= e.size && p.off >= max(known.off, flow.Enough) {
			known = p
		}
	}
	switch {
	case known.off == 0:
		return false
	case known.off == int64(pos.mark.PrefixLen):
		return in.disk.content(fd).beginsWith(pos.mark)
	}
	same, err := in.disk.content(fd).matches(known.off, known.mark)
	return same && err == nil
}
