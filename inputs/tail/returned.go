package tail

import (
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

// returned finds rotated files that were read to their end, and are not where
// they were, under another inode: a directory was restored, or its file system
// came back as a copy. They are known again by all places that are known of them,
// and are not shipped again. What is at a followed path itself is seen to by
// restored.
func (in *Input) returned(d *dir, l *listing) {
	var lost []*file
	for _, f := range byID(d.files) {
		if f.mayReturn() {
			lost = append(lost, f)
		}
	}
	if len(lost) == 0 {
		return
	}
	for _, e := range l.files {
		if in.byKey[e.key] != nil || e.link || in.pats.match(e.path) >= 0 && in.tails[e.path] != nil {
			continue
		}
		for _, f := range lost {
			g, ok := parseGeneration(filepath.Base(f.path), filepath.Base(e.path))
			if ok && g.kind != 0 && !g.packed && f.owned(e) && f.mayReturn() && in.hasAll(f, e) {
				in.log.Info("a rotated file is there again with the same content: it is not shipped again", "path", e.path, "of", f.path)
				in.rebind(f, e)
				in.seen(f, e)
				break
			}
		}
	}
}

// mayReturn says that f, which was read to its end, is not where it was, and that
// enough is known of it to know it by its content (see mayReplace).
func (f *file) mayReturn() bool {
	return f.state == done && (f.gone || f.missing) && f.key != key{} && !f.packed && f.original == nil && !f.removed() && !f.deleting && f.at() > flow.PrefixMax
}

// hasAll says whether the file at e has what was read of f, as far as its mark
// and the places below tell.
func (in *Input) hasAll(f *file, e entry) bool {
	f.mu.Lock()
	places := []position{f.pos}
	f.mu.Unlock()
	if e.size < places[0].off {
		return false
	}
	fd, _, err := in.disk.openAs(e.path, e.key)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return !slices.ContainsFunc(append(places, in.places(f)...), func(p position) bool {
		same, err := in.disk.content(fd).matches(p.off, p.mark)
		return !same || err != nil
	})
}
