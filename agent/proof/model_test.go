package proof

import (
	"fmt"
	"hash/maphash"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// told is a record of the model's topic.
type told struct {
	path string
	r    Record
	of   *line // the file's record that it is, or takes the place of
	bad  bool  // it has another value
}

// line is a record of the model's files.
type line struct {
	file *text
	r    Record
	at   []int64 // where the topic has it
	bad  int     // how often it has something else in its place
}

// text is a file of the model.
type text struct {
	path  string
	from  int64
	to    int64
	lines []*line
	file  *File
}

var seed = maphash.MakeSeed()

func value(s string) uint64 { return maphash.String(seed, s) }

// world is files and a topic.
type world struct {
	rnd   *rand.Rand
	files []*text
	topic []told
	spare int64 // records of files that are gone
}

// newWorld makes some paths with some files each, all shipped.
func newWorld(rnd *rand.Rand) *world {
	w := &world{rnd: rnd}
	queues := map[string][]told{}
	serial := 0
	for n := range 1 + rnd.IntN(3) {
		path := fmt.Sprintf("/log/%d", n)
		for gone := range rnd.IntN(3) { // files that are no more
			_ = gone
			at := int64(0)
			for range rnd.IntN(60) {
				serial++
				queues[path] = append(queues[path], told{path: path, r: Record{Offset: at, Size: 9, Value: value(fmt.Sprint("gone", serial))}})
				at += 5 + int64(rnd.IntN(20))
				w.spare++
			}
		}
		for range 1 + rnd.IntN(3) {
			f := &text{path: path}
			if rnd.IntN(4) == 0 {
				f.from = int64(rnd.IntN(300))
			}
			at := f.from
			for range rnd.IntN(120) {
				serial++
				l := &line{file: f, r: Record{Offset: at, Size: 9, Value: value(fmt.Sprint(serial))}}
				f.lines = append(f.lines, l)
				queues[path] = append(queues[path], told{path: path, r: l.r, of: l})
				if rnd.IntN(10) == 0 { // pieces that begin at one place
					more := *l
					more.r.Part = 2
					l.r.Part = 1
					queues[path][len(queues[path])-1].r.Part = 1
					more.r.Value++
					f.lines = append(f.lines, &more)
					queues[path] = append(queues[path], told{path: path, r: more.r, of: &more})
				}
				at += 1 + int64(rnd.IntN(20))
			}
			f.to = at
			w.files = append(w.files, f)
		}
	}
	// Paths come in turns, as lanes read them.
	for len(queues) > 0 {
		paths := slices.Sorted(maps.Keys(queues))
		path := paths[rnd.IntN(len(paths))]
		n := min(len(queues[path]), 1+rnd.IntN(30))
		w.topic = append(w.topic, queues[path][:n]...)
		if queues[path] = queues[path][n:]; len(queues[path]) == 0 {
			delete(queues, path)
		}
	}
	return w
}

// span is some records of the topic that follow each other.
func (w *world) span() (from, to int) {
	from = w.rnd.IntN(len(w.topic))
	return from, min(len(w.topic), from+1+w.rnd.IntN(40))
}

// own says that all of them are of files that are there: what becomes of others
// is not told.
func own(all []told) bool {
	return !slices.ContainsFunc(all, func(t told) bool { return t.of == nil })
}

// damage does something to the topic.
func (w *world) damage() {
	from, to := w.span()
	if !own(w.topic[from:to]) {
		return
	}
	switch w.rnd.IntN(4) {
	case 0: // lost
		w.topic = slices.Delete(w.topic, from, to)
	case 1: // sent again
		again := slices.Clone(w.topic[from:to])
		w.topic = slices.Insert(w.topic, to+w.rnd.IntN(len(w.topic)-to+1), again...)
	case 2: // late
		moved := slices.Clone(w.topic[from:to])
		w.topic = slices.Delete(w.topic, from, to)
		w.topic = slices.Insert(w.topic, from+w.rnd.IntN(len(w.topic)-from+1), moved...)
	case 3: // changed, in the middle of what is right
		n := (from + to) / 2
		if n > 2 && n+2 < len(w.topic) && own(w.topic[n-2:n+2]) && w.topic[n-1].of.file == w.topic[n].of.file {
			w.topic[n].r.Value++
			w.topic[n].bad = true
		}
	}
}

// states is what became of each record, by definition.
func (w *world) states() map[*line]State {
	for i, t := range w.topic {
		switch {
		case t.of == nil:
		case t.bad:
			t.of.bad++
		default:
			t.of.at = append(t.of.at, int64(i))
		}
	}
	out := map[*line]State{}
	least := map[string]int64{}
	for _, f := range slices.Backward(w.files) {
		for _, l := range slices.Backward(f.lines) {
			switch next, any := least[f.path]; {
			case l.bad > 0:
				out[l] = Different
			case len(l.at) > 1:
				out[l] = Repeated
			case len(l.at) == 0:
				out[l] = Missing
			case any && l.at[0] > next:
				out[l] = Late
			default:
				out[l] = Delivered
			}
			if next, any := least[f.path]; len(l.at) > 0 && (!any || l.at[0] < next) {
				least[f.path] = l.at[0]
			}
		}
	}
	return out
}

// prove runs a Set over the files and the topic.
func (w *world) prove(block int64, limit int) (map[*text][]Range, *Set) {
	s := New(block)
	texts := map[*File]*text{}
	for _, f := range w.files {
		f.file = s.Add(f.path, f.from, f.to, 0)
		texts[f.file] = f
	}
	for _, f := range w.files {
		for i, l := range f.lines {
			f.file.Expect(l.r, Resume{Offset: f.lines[max(0, i-w.rnd.IntN(3))].r.Offset})
		}
	}
	pass := func() {
		s.Begin()
		for i, t := range w.topic {
			s.Find([]byte(t.path), t.r, Place{Offset: int64(i)})
		}
		s.End(nil)
	}
	pass()
	for again := s.Closer(limit); len(again) > 0; again = s.Closer(limit) {
		for _, b := range again {
			for _, l := range texts[b.File].lines {
				if l.r.Offset >= b.From.Offset && !b.Reread(l.r) {
					break
				}
			}
		}
		pass()
	}
	out := map[*text][]Range{}
	s.Result(nil, func(f *File, found Found) { out[texts[f]] = found.Ranges })
	return out, s
}

func (w *world) check(t *testing.T, got map[*text][]Range) (bad, alone int) {
	t.Helper()
	want := w.states()
	for _, f := range w.files {
		for i, l := range f.lines {
			n := slices.IndexFunc(got[f], func(r Range) bool { return r.Start <= l.r.Offset && l.r.Offset < r.End })
			state := State("none")
			if n >= 0 {
				state = got[f][n].State
			}
			if want[l] != Delivered {
				bad++
			}
			if want[l] == Different && (state == Missing || len(l.at) == 1 && state == Delivered) {
				alone++ // nothing beside it tells of which file it is
				continue
			}
			// Two pieces at one offset have two states at one place.
			if state != want[l] && !slices.ContainsFunc(f.lines, func(o *line) bool { return o != l && o.r.Offset == l.r.Offset }) {
				t.Errorf("%s line %d at %d: %s, want %s", f.path, i, l.r.Offset, state, want[l])
			}
		}
		sum := int64(0)
		for _, r := range got[f] {
			sum += r.Records
		}
		if sum != int64(len(f.lines)) {
			t.Errorf("%s: ranges of %d records, want %d", f.path, sum, len(f.lines))
		}
	}
	return bad, alone
}

// Whatever is lost, repeated, late or changed is found exactly, and nothing else
// is.
func TestModel(t *testing.T) {
	bad, alone := 0, 0
	for seed := range uint64(3000) {
		w := newWorld(rand.New(rand.NewPCG(seed, 1)))
		for range w.rnd.IntN(4) {
			if len(w.topic) > 0 {
				w.damage()
			}
		}
		got, _ := w.prove(64<<w.rnd.IntN(6), 1+w.rnd.IntN(100))
		n, m := w.check(t, got)
		bad, alone = bad+n, alone+m
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("%d records were not as they should be; of %d it was not told that they were changed", bad, alone)
	if bad < 1000 || alone > bad/1000 {
		t.Error("too few or too many of them")
	}
}

// What was shipped well needs no closer look, whatever else was at its path.
func TestNoCloserLook(t *testing.T) {
	for seed := range uint64(300) {
		w := newWorld(rand.New(rand.NewPCG(seed, 2)))
		got, s := w.prove(256, 1000)
		w.check(t, got)
		for _, p := range s.paths {
			for _, f := range p.files {
				for _, b := range f.blocks {
					if b.known {
						t.Fatalf("seed %d: %s at %d was looked at closer", seed, f.path.name, b.start)
					}
				}
			}
		}
		if s.Strange() != w.spare {
			t.Fatalf("seed %d: %d strange records, want %d", seed, s.Strange(), w.spare)
		}
	}
}
