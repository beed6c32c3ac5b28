package verify

import (
	"os"
	"slices"
)

// generation is a file that is written.
type generation struct {
	Rebuilt
	*history
	f     *os.File
	opens int64 // offset of its first record
	last  int64 // of the last one
	end   int64 // behind all that was written
	buf   []byte
	at    int64 // where buf belongs
}

// write puts the bytes of a record in their place.
func (b *rebuilding) write(g *generation, offset int64, p []byte) error {
	if g.joins {
		if offset < g.last {
			g.note("records that came late or again are left out")
			return nil
		}
	} else if offset != g.end {
		g.jump(offset, offset+int64(len(p)))
	}
	g.Records++
	g.last = max(g.last, offset)
	at := offset
	if g.joins {
		at = g.end
	}
	if err := b.touch(g); err != nil {
		return err
	}
	if at != g.at+int64(len(g.buf)) || len(g.buf)+len(p) > readSize {
		if err := g.flush(); err != nil {
			return err
		}
		g.at = at
	}
	g.buf = append(g.buf, p...)
	g.end = max(g.end, at+int64(len(p)))
	return nil
}

// touch opens the file, unless it is open.
func (b *rebuilding) touch(g *generation) (err error) {
	if n := len(b.open); n > 0 && b.open[n-1] == g {
		return nil
	}
	if g.f != nil {
		b.open = append(slices.DeleteFunc(b.open, func(o *generation) bool { return o == g }), g)
		return nil
	}
	if len(b.open) == openMax {
		if err := b.close(b.open[0]); err != nil {
			return err
		}
	}
	if g.f, err = b.root.OpenFile(g.Name, os.O_WRONLY|os.O_CREATE, 0o600); err != nil {
		return err
	}
	b.open = append(b.open, g)
	return nil
}

// close writes what is left of g and closes it.
func (b *rebuilding) close(g *generation) error {
	if g.f == nil {
		return nil
	}
	err := g.flush()
	if cerr := g.f.Close(); err == nil {
		err = cerr
	}
	g.f, g.buf = nil, nil
	b.open = slices.DeleteFunc(b.open, func(o *generation) bool { return o == g })
	return err
}

func (g *generation) flush() error {
	_, err := g.f.WriteAt(g.buf, g.at)
	g.buf = g.buf[:0]
	return err
}

// result is what became of g.
func (g *generation) result() Rebuilt {
	r := g.Rebuilt
	r.Bytes = g.end
	r.Notes = append(slices.Clone(r.Notes), g.loose...)
	r.Exact = len(r.Holes) == 0 && len(r.Notes) == 0
	return r
}

// jump notes what lies between the bytes that are there and those that come, or
// that some were there already.
func (g *generation) jump(from, to int64) {
	if from > g.end {
		if len(g.Holes) < rangesMax {
			g.Holes = append(g.Holes, Bytes{g.end, from})
		} else {
			g.More++
		}
		return
	}
	var left []Bytes
	filled := false
	for _, h := range g.Holes {
		if from >= h.End || to <= h.Start {
			left = append(left, h)
			continue
		}
		filled = true
		if h.Start < from {
			left = append(left, Bytes{h.Start, from})
		}
		if to < h.End {
			left = append(left, Bytes{to, h.End})
		}
	}
	g.Holes = left
	if !filled {
		g.note("some records are in the topic more than once")
	}
}

func (g *generation) note(text string) {
	if !slices.Contains(g.Notes, text) {
		g.Notes = append(g.Notes, text)
	}
}
