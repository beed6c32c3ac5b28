package journal

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tailrace/agent/flow"
)

// model is what a journal must know, in the plainest way: for each file where
// it is acked, for each lane its un-acked batches. Its random histories are
// those of one lane per file.
type model struct {
	pos  map[flow.FileID]int64
	next map[int32]int32   // next sequence number by lane
	un   map[int32][]batch // oldest first
	pid  map[int32]int64
	lost int64
}

type batch struct {
	first int32
	end   int64
}

func newModel() *model {
	return &model{pos: map[flow.FileID]int64{}, next: map[int32]int32{}, un: map[int32][]batch{}, pid: map[int32]int64{}}
}

func (m *model) clone() *model {
	c := &model{maps.Clone(m.pos), maps.Clone(m.next), map[int32][]batch{}, maps.Clone(m.pid), m.lost}
	for l, b := range m.un {
		c.un[l] = slices.Clone(b)
	}
	return c
}

// String is the model as a state would be printed by digest.
func (m *model) String() string {
	s := fmt.Sprintf("lost %d", m.lost)
	for _, l := range slices.Sorted(maps.Keys(m.pid)) {
		resume := m.pos[flow.FileID(l)]
		for _, b := range m.un[l] {
			resume = max(resume, b.end)
		}
		s += fmt.Sprintf("; %d: pid %d at %d resume %d", l, m.pid[l], m.pos[flow.FileID(l)], resume)
		for _, b := range m.un[l] {
			s += fmt.Sprintf(" (%d to %d)", b.first, b.end)
		}
	}
	return s
}

// digest is a state as the model prints itself. It checks the marks.
func digest(t *testing.T, st State) string {
	t.Helper()
	s := fmt.Sprintf("lost %d", st.Lost["truncated"])
	files := map[flow.FileID]FileState{}
	for _, f := range st.Files {
		files[f.ID] = f
		if f.Acked > 0 && f.AckedMark != span(f.ID, 0, f.Acked).Mark || f.Resume > 0 && f.ResumeMark != span(f.ID, 0, f.Resume).Mark {
			t.Errorf("a mark of another place: %+v", f)
		}
	}
	for _, l := range st.Lanes {
		if l.PID == nil {
			continue
		}
		f := files[flow.FileID(l.ID)]
		s += fmt.Sprintf("; %d: pid %d at %d resume %d", l.ID, l.PID.PID, f.Acked, f.Resume)
		for _, i := range l.Intents {
			s += fmt.Sprintf(" (%d to %d)", i.First, i.Spans[0].End)
		}
	}
	return s
}

// change is one random thing that happens: the records, each with what it does
// to the model.
type change struct {
	recs []Record
	note bool
	sync bool
	does []func(*model)
}

func (c *change) add(r Record, f func(*model)) {
	c.recs = append(c.recs, r)
	c.does = append(c.does, f)
}

// random is something that can happen to a model in its present state.
func (m *model) random(r *rand.Rand) change {
	lane := int32(1 + r.IntN(3))
	id := flow.FileID(lane)
	var c change
	un := m.un[lane]
	switch op := r.IntN(10); {
	case m.pid[lane] == 0:
		pid := int64(r.IntN(1000) + 1)
		c.sync = true
		c.add(Record{File: &File{ID: id, Path: fmt.Sprintf("/log/%d", id), Topic: "t"}}, func(m *model) {})
		c.add(Record{Lane: &Lane{ID: lane, Topic: "t", Key: "h"}}, func(*model) {})
		c.add(Record{PID: &PID{Lane: lane, PID: pid}}, func(m *model) { m.pid[lane] = pid })
	case op < 5 && len(un) < 5:
		first, count := m.next[lane], int32(1+r.IntN(4))
		start := m.pos[id]
		if len(un) > 0 {
			start = un[len(un)-1].end
		}
		end := start + int64(1+r.IntN(300))
		c.add(intent(lane, m.pid[lane], first, count, span(id, start, end)), func(m *model) {
			m.un[lane] = append(m.un[lane], batch{first, end})
			m.next[lane] = first + count
		})
	case op < 8 && len(un) > 0:
		n := r.IntN(len(un))
		c.note = true
		c.add(ack(lane, un[n].first, int64(un[n].first)), func(m *model) {
			m.pos[id] = m.un[lane][n].end
			m.un[lane] = m.un[lane][n+1:]
		})
	case op == 8:
		pid := m.pid[lane] + 1000
		c.sync = true
		end := m.pos[id]
		for _, b := range un {
			end = b.end
		}
		lost := span(id, end, end+7)
		c.add(Record{Rebind: &Rebind{Lane: lane, PID: pid, Cause: "test", Lost: []flow.Span{lost}}}, func(m *model) {
			m.pid[lane], m.pos[id], m.un[lane], m.next[lane] = pid, lost.End, nil, 0
		})
	default:
		c.note = true
		c.add(Record{Lost: &Lost{File: id, Bytes: 5, Cause: "truncated"}}, func(m *model) { m.lost += 5 })
		c.add(Record{File: &File{ID: id, Path: fmt.Sprintf("/log/%d", id), Now: fmt.Sprint("/moved/", r.IntN(9)), Topic: "t"}}, func(*model) {})
	}
	return c
}

// play does one change to journal and model, and returns what the journal may
// hold if it ends in the middle: the states after each of its records.
func play(j *Journal, m *model, c change) (middle []string, err error) {
	partly := m.clone()
	for _, f := range c.does {
		f(partly)
		middle = append(middle, partly.String())
	}
	switch {
	case c.note:
		j.Note(c.recs...)
	case c.sync:
		err = j.WriteSync(c.recs...)
	default:
		err = j.Write(c.recs...)
	}
	if err == nil {
		*m = *partly
	}
	return middle, err
}

// Random histories with many compactions and restarts, on the real disk. In half
// of them generations are made aside.
func TestAgainstModel(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 1))
		dir, m := t.TempDir(), newModel()
		for range 6 {
			j := mustOpen(t, dir, Options{Sync: time.Hour, compactMin: 4 << 10, asideMin: int64(seed % 2)})
			if got := digest(t, j.State()); got != m.String() {
				t.Fatalf("seed %d:\n got %s\nwant %s", seed, got, m)
			}
			for range 150 {
				if _, err := play(j, m, m.random(r)); err != nil {
					t.Fatal(err)
				}
			}
			for lane := range m.pid {
				if at, _ := j.Acked(flow.FileID(lane)); at != m.pos[flow.FileID(lane)] {
					t.Fatalf("seed %d: file %d acked at %d, want %d", seed, lane, at, m.pos[flow.FileID(lane)])
				}
			}
			j.Close()
		}
	}
}

// The process ends at every step of a history with compactions; the next one
// finds what was written, and a prefix of what was being written.
func TestKilledAtEveryStep(t *testing.T) {
	for _, part := range []func(int) int{
		func(n int) int { return n / 2 }, func(n int) int { return n },
	} {
		for at := 1; killedAt(t, at, part, false, 0); at++ {
		}
		for at := 1; killedAt(t, at, part, false, 1); at++ {
		}
	}
}

// The same with the power lost: what was synced is there.
func TestPowerLostAtEveryStep(t *testing.T) {
	half := func(n int) int { return n / 2 }
	for at := 1; killedAt(t, at, half, true, 0); at++ {
	}
	for at := 1; killedAt(t, at, half, true, 1); at++ {
	}
}

// killedAt plays a history that ends at a step, and reports whether it did.
// Snapshots of asideMin bytes and more are made aside.
func killedAt(t *testing.T, at int, part func(int) int, powerLoss bool, asideMin int64) bool {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 3))
	dir, m, d := t.TempDir(), newModel(), newFakeDisk()
	d.outcome = dieAt(at, part)
	allowed, died := []string{m.String()}, false
	j := mustOpen(t, dir, Options{Sync: time.Hour, disk: d, compactMin: 1 << 10, asideMin: asideMin})
	for range 60 {
		c := m.random(r)
		before := d.count()
		middle, err := play(j, m, c)
		if err != nil || d.count() >= at {
			allowed, died = append(allowed, middle...), true
			break
		}
		if !powerLoss || c.sync && before != d.count() {
			allowed = allowed[:0]
		}
		allowed = append(allowed, m.String())
	}
	next := d.after(powerLoss)
	j.Close()
	again := mustOpen(t, dir, Options{Sync: time.Hour, disk: next, compactMin: 1 << 10})
	st := again.State()
	if got := digest(t, st); !slices.Contains(allowed, got) || st.Damaged > 0 {
		t.Fatalf("step %d: damaged %d\n got %s\nnone of %q", at, st.Damaged, got, allowed)
	}
	for _, l := range st.Lanes {
		if !powerLoss && l.Doubt != "" {
			t.Fatalf("step %d: a kill puts lane %d in doubt: %s", at, l.ID, l.Doubt)
		}
	}
	again.Close()
	return died
}
