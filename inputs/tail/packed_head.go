package tail

import (
	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
)

// head gives the beginning of g, in which a line of the file before it ends, and
// how to let go of it. A compressed file is decompressed from its beginning, for
// this use alone. The caller holds mu.
func (g *file) head() (c content, letGo func(), err error) {
	if !g.packed {
		closed := g.fd < 0
		if err := g.open(); err != nil {
			return c, nil, err
		}
		return g.content(), func() {
			if closed {
				g.close()
			}
		}, nil
	}
	in := g.queue.in
	fd, r, err := in.openPacked(entry{path: g.now, key: g.key})
	if isMissing(err) {
		err = errMoved
	}
	if err != nil {
		return c, nil, err
	}
	return content{&in.disk, fd, &unpacked{r, g.size}}, func() {
		r.Close()
		unix.Close(fd)
	}, nil
}

// unchanged says that g, of which n bytes were read, is what it was. What is
// compressed is, as long as its inode is the same. The caller holds mu.
func (g *file) unchanged(n int) bool {
	if g.packed {
		return true
	}
	ok, err := g.verify(int64(n))
	return ok || err != nil
}

// shortJoined says that what is known of the first bytes of f has bytes of the
// next file, which are joined to its end. The caller holds mu.
func (f *file) shortJoined() bool {
	return f.joined > 0 && int64(f.pos.mark.PrefixLen) > f.pos.off-f.joined
}

// joinedHead is the first of the bytes that are joined to f; nil when they are
// not where the next file is now. The caller holds mu.
func (f *file) joinedHead() []byte {
	g := f.next
	if g == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	head, letGo, err := g.head()
	if err != nil {
		return nil
	}
	defer letGo()
	if same, err := head.matches(g.base, g.markBase()); err != nil || !same {
		return nil
	}
	p := make([]byte, min(f.joined, flow.PrefixMax))
	if n, err := head.pread(p, 0); err != nil || n < len(p) {
		return nil
	}
	return p
}

// comparable says that compressed files can be compared with f.
func (f *file) comparable() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.shortJoined() || f.joinedHead() != nil
}
