package verify

import (
	"cmp"
	"context"
	"errors"
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
	Client func(output string) (sarama.Client, error) // as in Job
	Topics []Source
	Own    func(path, key, host []byte) bool // as in Job
	// Records says in which ways the bytes of a path became records; none: lines.
	Records func(path string) []*record.Options
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
	Output     string `json:"output,omitempty"`
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
	topic  Source
	root   *os.Root
	wanted map[string]bool
	now    map[stream]*generation
	paths  map[string]*history
	all    []*generation
	open   []*generation // no more than openMax; the one that was used last comes last
	failed error
	silent silent
}

// stream is the records of a path in a partition.
type stream struct {
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

// Run reads the topics and writes the files, those of a path numbered from the
// oldest on. failed is the topics that could not be read, or not to their ends;
// the other error says that a file could not be written.
func (r *Rebuild) Run(ctx context.Context) (out []Rebuilt, failed []*TopicError, err error) {
	if err := os.MkdirAll(r.Dir, 0o700); err != nil {
		return nil, nil, err
	}
	if there, err := os.ReadDir(r.Dir); err != nil || len(there) > 0 {
		return nil, nil, cmp.Or(err, fmt.Errorf("%s is not empty; name a new directory", r.Dir))
	}
	root, err := os.OpenRoot(r.Dir)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	out = []Rebuilt{}
	paths := map[string]*history{} // a path may be in several topics
	quiet := silent{}
	for _, name := range r.Topics {
		b := &rebuilding{Rebuild: r, topic: name, root: root, wanted: map[string]bool{}, now: map[stream]*generation{}, paths: paths, silent: quiet}
		for _, path := range r.Paths {
			b.wanted[path] = true
		}
		if err := b.run(ctx); err != nil {
			bad, ok := errors.AsType[*TopicError](err)
			if !ok || ctx.Err() != nil {
				return nil, nil, err
			}
			failed = append(failed, bad)
			quiet.note(name.Output, err)
			b.cutShort()
		}
		for _, g := range b.all {
			out = append(out, g.result())
		}
	}
	slices.SortFunc(out, func(a, b Rebuilt) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Generation, b.Generation))
	})
	return out, failed, nil
}

func (b *rebuilding) run(ctx context.Context) error {
	c, err := b.Client(b.topic.Output)
	if err != nil {
		return &TopicError{b.topic, -1, err}
	}
	t, err := openTopic(c, b.topic)
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
			b.Progress(Step{Name: "topic " + b.topic.String(), Done: done, Total: total})
		}
	}
	// One after the other, so that files are few that are written at a time.
	for i := range t.parts {
		one := &topic{Source: t.Source, client: t.client, name: t.name, parts: t.parts[i : i+1]}
		err = one.read(ctx, b.silent.wait(t.Output), moved, func(x *batch) {
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

// cutShort notes that the newest file of each path may go on.
func (b *rebuilding) cutShort() {
	for _, g := range b.now {
		g.note("the topic could not be read to its end: what follows is not there")
	}
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
		g, err := b.generation(stream{path, x.partition}, f.Offset)
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
func (b *rebuilding) generation(s stream, offset int64) (*generation, error) {
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
	g.Path, g.Generation, g.Output, g.Topic = s.path, h.generations, b.topic.Output, b.topic.Name
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
	if err := b.root.MkdirAll(filepath.Dir(g.Name), 0o700); err != nil {
		return nil, err
	}
	return g, nil
}

// history says what can be made of the records of a path.
func (b *rebuilding) history(s stream) *history {
	h := &history{partition: s.partition}
	for _, o := range b.Records(s.path) {
		switch {
		case o.Container != "":
			h.say("the lines are without what the container runtime put around them")
		case !plain(o):
			h.say("the lines are as they were shipped: in UTF-8, or as JSON")
		}
		if len(o.Include)+len(o.Exclude) > 0 {
			h.say("the lines that the input leaves out are not in the topic")
		}
	}
	h.joins = len(h.loose) > 0
	return h
}

// say notes why the files of a path are not byte for byte.
func (h *history) say(text string) {
	if !slices.Contains(h.loose, text) {
		h.loose = append(h.loose, text)
	}
}
