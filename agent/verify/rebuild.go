package verify

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/IBM/sarama"

	"tailrace/inputs/tail/record"
)

// Rebuild is what to write again from topics.
type Rebuild struct {
	Client sarama.Client
	Topics []string
	Own    func(path, key, host []byte) bool // as in Job
	// Records says how the lines of a path became records, and whether that is
	// known; else they are taken for lines.
	Records func(path string) (record.Options, bool)
	// Paths is those that are wanted; empty: all.
	Paths []string
	Dir   string // is made
	// Progress is as in Job.
	Progress func(Step)
}

// Rebuilt is one file that was written.
type Rebuilt struct {
	Path       string `json:"path"` // whose lines they are
	Generation int    `json:"generation"`
	Name       string `json:"name"` // below the directory
	Topic      string `json:"topic"`
	Records    int64  `json:"records"`
	Bytes      int64  `json:"bytes"`
	// Exact says that it is byte for byte what the records were made of, from its
	// beginning to the end of the last of them.
	Exact bool `json:"exact"`
	// Holes is the bytes of it that are not in the topic; More how many of these
	// ranges are left out.
	Holes []Bytes  `json:"holes,omitempty"`
	More  int      `json:"more_holes,omitempty"`
	Notes []string `json:"notes,omitempty"`
}

// openMax is how many files are held open.
const openMax = 200

// rebuilding writes files. It is for one goroutine at a time.
type rebuilding struct {
	*Rebuild
	topic  string
	root   *os.Root
	wanted map[string]bool
	now    map[source]*generation
	paths  map[string]*history
	all    []*generation
	open   []*generation // no more than openMax; the one that was used last comes last
	failed error
}

// source is the records of a path in a partition.
type source struct {
	path      string
	partition int32
}

// history is what is known of a path.
type history struct {
	generations int
	partition   int32
	loose       []string // why its files are not byte for byte
	joins       bool     // lines are written one behind the other, since their places are not known
}

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

// Run reads the topics and writes the files, those of a path numbered from the
// oldest on. The error says that a topic could not be read or a file not be
// written.
func (r *Rebuild) Run(ctx context.Context) ([]Rebuilt, error) {
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		return nil, err
	}
	if there, err := os.ReadDir(r.Dir); err != nil || len(there) > 0 {
		return nil, cmp.Or(err, fmt.Errorf("%s is not empty; name a new directory", r.Dir))
	}
	root, err := os.OpenRoot(r.Dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var out []Rebuilt
	for _, name := range r.Topics {
		b := &rebuilding{Rebuild: r, topic: name, root: root, wanted: map[string]bool{}, now: map[source]*generation{}, paths: map[string]*history{}}
		for _, path := range r.Paths {
			b.wanted[path] = true
		}
		if err := b.run(ctx); err != nil {
			return nil, err
		}
		for _, g := range b.all {
			out = append(out, g.result())
		}
	}
	slices.SortFunc(out, func(a, b Rebuilt) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Generation, b.Generation))
	})
	return out, nil
}

func (b *rebuilding) run(ctx context.Context) error {
	t, err := openTopic(b.Client, b.topic)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var done int64
	total := t.records()
	moved := func(n int64) {
		if b.Progress != nil {
			done += n
			b.Progress(Step{Name: "topic " + b.topic, Done: done, Total: total})
		}
	}
	// One after the other, so that files are few that are written at a time.
	for i := range t.parts {
		one := &topic{client: t.client, name: t.name, parts: t.parts[i : i+1]}
		err := one.read(ctx, moved, func(x *batch) {
			if b.failed == nil {
				if b.failed = b.batch(x); b.failed != nil {
					stop()
				}
			}
		})
		if b.failed != nil || err != nil {
			break
		}
	}
	for len(b.open) > 0 {
		b.failed = cmp.Or(b.failed, b.close(b.open[0]))
	}
	return cmp.Or(b.failed, err)
}

// batch writes the records of a batch.
func (b *rebuilding) batch(x *batch) error {
	for _, r := range x.Records {
		offset := x.FirstOffset + r.OffsetDelta
		if offset < x.from || offset >= x.to {
			continue
		}
		f, ok := origin(r)
		if !ok || !filepath.IsAbs(string(f.path)) || !b.Own(f.path, r.Key, f.host) {
			continue
		}
		path := string(f.path)
		if len(b.wanted) > 0 && !b.wanted[path] {
			continue
		}
		g, err := b.generation(source{path, x.partition}, f.Offset)
		if err != nil {
			return err
		}
		if f.Cut {
			g.note("some records are cut off: they were too long")
		}
		value := r.Value
		if f.Part == 0 || f.Final {
			value = append(value[:len(value):len(value)], '\n')
		}
		if err := b.write(g, f.Offset, value); err != nil {
			return err
		}
	}
	return nil
}

// generation is the file that a record at an offset belongs to: one that begins
// where the last one did, or before, is the first of a new file.
func (b *rebuilding) generation(s source, offset int64) (*generation, error) {
	if g := b.now[s]; g != nil && (offset > g.opens || g.Records == 0) {
		return g, nil
	}
	h := b.paths[s.path]
	if h == nil {
		h = b.history(s)
		b.paths[s.path] = h
	}
	if s.partition != h.partition {
		h.loose = append(h.loose, "its lines are in more than one partition: the files of each are numbered by themselves")
		h.partition = s.partition
	}
	h.generations++
	g := &generation{history: h, opens: offset, last: -1, end: offset}
	g.Path, g.Generation, g.Topic = s.path, h.generations, b.topic
	g.Name = fmt.Sprintf("%s.%06d", strings.TrimPrefix(filepath.Clean(s.path), "/"), g.Generation)
	if g.joins {
		g.end = 0
	} else if offset > 0 {
		g.Holes = append(g.Holes, Bytes{0, offset})
	}
	if old := b.now[s]; old != nil {
		if err := b.close(old); err != nil {
			return nil, err
		}
	}
	b.now[s] = g
	b.all = append(b.all, g)
	if err := b.root.MkdirAll(filepath.Dir(g.Name), 0o755); err != nil {
		return nil, err
	}
	return g, nil
}

// history says what can be made of the records of a path.
func (b *rebuilding) history(s source) *history {
	h := &history{partition: s.partition}
	o, known := b.Records(s.path)
	if !known {
		return h
	}
	switch {
	case o.Container != "":
		h.loose = append(h.loose, "the lines are without what the container runtime put around them")
	case !plain(&o):
		h.loose = append(h.loose, "the lines are as they were shipped: in UTF-8, or as JSON")
	}
	if len(o.Include)+len(o.Exclude) > 0 {
		h.loose = append(h.loose, "the lines that the input leaves out are not in the topic")
	}
	h.joins = len(h.loose) > 0
	return h
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
	if g.f, err = b.root.OpenFile(g.Name, os.O_WRONLY|os.O_CREATE, 0o644); err != nil {
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
