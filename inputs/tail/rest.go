package tail

import (
	"slices"
	"time"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/record"
)

// followed says whether a successor of f at its path has data.
func (f *file) followed() bool {
	g := f.successor()
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.size > 0
}

// successor is what came to the path of f after it and is not read yet.
func (f *file) successor() *file {
	i := slices.IndexFunc(f.followers, func(g *file) bool {
		return g.prev == f && g.prevID == f.id && g.path == f.path && g.base == 0
	})
	if i < 0 {
		return nil
	}
	return f.followers[i]
}

// mayGoOn says whether the record that f ends with may go on at the beginning of
// its successor: it ends with a whole line, and one line does not make a record.
// A line that breaks off in a renamed file does not go on: who renames lets the
// writer finish it.
func (in *Input) mayGoOn(f *file) bool {
	if f.rec == nil || f.half || f.final || f.joined > 0 {
		return false
	}
	g := f.successor()
	if g == nil || f.rec.asked {
		return false
	}
	f.rec.asked = true
	c, how, ok := f.pending()
	if !ok || len(c.Data) == 0 || !how.WholeLines(c.Data) {
		return false
	}
	f.half, f.next = true, g
	return true
}

// pending is the bytes of f that are not given, and how they are cut.
func (f *file) pending() (c flow.Chunk, how reading, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open() != nil {
		return c, how, false
	}
	how, err := f.reading()
	if err != nil || f.size-f.pos.off >= int64(how.Window()) {
		return c, how, false
	}
	p := make([]byte, f.size-f.pos.off, how.Window())
	n, err := f.content().pread(p, f.pos.off)
	return flow.Chunk{Data: p, Start: f.pos.off, Part: f.pos.mark.Part, Reading: how.number}, how, err == nil && n == len(p)
}

// rest is how many bytes at the beginning of g go on with what f breaks off in:
// as restIn and firstLine say.
func (in *Input) rest(f, g *file) (int64, bool) {
	if f.rec != nil {
		return in.restIn(f, g)
	}
	return in.firstLine(g, int(f.size-f.pos.off))
}

// restIn is how many bytes at the beginning of g go on with the record that f
// breaks off in; -1 when that is not known yet. It reports false when g is not
// what it was.
func (in *Input) restIn(f, g *file) (int64, bool) {
	c, how, ok := f.pending()
	if !ok {
		return 0, true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	head, letGo, err := g.head()
	if err != nil {
		return -1, false
	}
	defer letGo()
	half := len(c.Data)
	p := c.Data[:cap(c.Data)-1] // with one more, a cut would use some in any case
	n, err := head.pread(p[half:], 0)
	if err != nil || marked(p[half:half+n], how) {
		return 0, true
	}
	if !g.unchanged(n) {
		return 0, false
	}
	quiet := time.Since(g.grown)
	end := record.More
	if n > 0 && quiet >= f.rec.how.wait {
		end = record.Quiet
	}
	c.Data = p[:half+n]
	var k record.Cutter
	used, _ := k.Cut(how.Reading, &c, end)
	switch {
	case used >= half:
		return int64(k.Over(half) - half), true
	case half+n == len(p) || g.state != following || quiet >= graceTime:
		return 0, true
	}
	return -1, true
}

// marked says whether the beginning of a file cannot go on with the end of
// another: a hole, or the mark of another text.
func marked(p []byte, how reading) bool {
	if how.Width() == 1 {
		return len(p) > 0 && p[0] == 0
	}
	return len(p) > 1 && (p[0] == 0xff && p[1] == 0xfe || p[0] == 0xfe && p[1] == 0xff)
}
