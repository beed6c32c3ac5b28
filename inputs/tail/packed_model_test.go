package tail

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/unpack/unpacktest"
)

// packing is a compression that is under way: the first half of the compressed
// file is written.
type packing struct {
	name   string // of the plain file
	packed []byte
}

// compress compresses one of the rotated files, or goes on doing so.
func (c *chain) compress() {
	if c.packing != nil {
		c.endCompress()
		return
	}
	if !c.w.mode.packs {
		return
	}
	switch c.w.rnd.IntN(6) {
	case 0:
		c.decompress()
		return
	case 1:
		c.burst()
		return
	}
	var names []string
	for i := 1; i <= c.top; i++ {
		if name := fmt.Sprintf("%s%s.%d", c.dir, c.path, i); c.w.exists(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return
	}
	name := names[c.w.rnd.IntN(len(names))]
	if c.copies && c.w.mode.racing && !c.w.familiar(name) {
		return // see Limits in doc.go
	}
	if c.dir != "" && (!c.w.familiar(name) || (c.w.up || c.w.midst) && !c.w.j.dead && !c.known()) {
		return // content leads to a directory that was not used before, but not that of an open file
	}
	if c.linked(name) && !c.w.familiar(name) {
		return // too little is known to tell the copy from what has another name
	}
	c.beginCompress(name)
	if c.w.rnd.IntN(3) > 0 {
		c.endCompress()
	}
}

func (c *chain) beginCompress(name string) {
	if c.old != nil && c.old.name == name {
		c.closeOld() // nobody writes to what is compressed
	}
	plain, err := os.ReadFile(c.w.path(name))
	c.w.must(err)
	c.nextTick() // the time of the last write is seen to be an older one
	c.packing = &packing{name, unpacktest.Pack(c.w.t, ".gz", plain)}
	c.w.append(name+".gz", string(c.packing.packed[:len(c.packing.packed)/2]))
	c.w.say("%s: compression of %s begins", c.path, name)
}

// burst is several rotations within a moment, each compressed at once: what is at the
// path then has no time to be known.
func (c *chain) burst() {
	if c.copies {
		return
	}
	for range 2 + c.w.rnd.IntN(3) {
		if c.cur == nil {
			c.create()
		}
		c.write()
		c.rotate()
		name := fmt.Sprintf("%s%s.1", c.dir, c.path)
		if c.cur == nil && c.old != nil && c.old.name == name && c.packing == nil && c.dir == "" && !c.linked(name) {
			c.beginCompress(name)
			c.endCompress()
		}
	}
}

// endCompress finishes what compress began.
func (c *chain) endCompress() {
	p := c.packing
	if p == nil {
		return
	}
	c.packing = nil
	to := p.name + ".gz"
	c.w.append(to, string(p.packed[len(p.packed)/2:]))
	st, err := os.Stat(c.w.path(p.name))
	c.w.must(err)
	c.w.must(os.Chtimes(c.w.path(to), st.ModTime(), st.ModTime()))
	c.w.remove(p.name)
	c.renamed(p.name, to)
	c.w.say("%s: compressed to %s", c.path, to)
}

// decompress puts the plain file in the place of a compressed one.
func (c *chain) decompress() {
	var names []string
	for i := 1; i <= 30; i++ {
		if name := fmt.Sprintf("%s%s.%d.gz", c.dir, c.path, i); c.w.exists(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return
	}
	name := names[c.w.rnd.IntN(len(names))]
	if !c.w.familiar(name) {
		return // too little is known to tell by
	}
	c.nextTick() // so is the time that it gets
	c.w.decompress(name)
	c.renamed(name, strings.TrimSuffix(name, ".gz"))
	c.w.say("%s: %s decompressed", c.path, name)
}

// familiar says that at least 64 bytes of the file of that name were read,
// and none of it is the end of a line of the file before it.
func (w *world) familiar(name string) bool {
	off := 0
	for i, text := range strings.Split(string(w.plain(name)), "\n") {
		l := w.lines[text]
		if l == nil && i == 0 {
			return false
		}
		if off += len(text) + 1; off >= 64 {
			return l != nil && w.seen[text] > 0
		}
	}
	return false
}

// linked says that the file of that name has more than one.
func (c *chain) linked(name string) bool {
	st, err := os.Stat(c.w.path(name))
	c.w.must(err)
	return st.Sys().(*syscall.Stat_t).Nlink > 1
}

// known says that the agent knows the directory that c is rotated to.
func (c *chain) known() bool {
	return len(c.w.in.kin.Of(c.w.path(c.path))) > 0
}

func (h *host) exists(name string) bool {
	_, err := os.Stat(h.path(name))
	return err == nil
}

// knows says that the agent knows the file at that path: it is not known while
// it is found out what is in compressed files that go before it.
func (w *world) knows(name string) bool {
	e, err := new(disk.Disk).Stat(w.path(name))
	return err == nil && w.in.byKey[e.Key] != nil
}
