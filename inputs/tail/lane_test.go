package tail

import (
	"path/filepath"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/disk"
)

// shipInMidst lets the lane read while a look is made; not when that will find a copy that
// comes before what is read.
func (w *world) shipInMidst() {
	if slices.ContainsFunc(w.chains, func(c *chain) bool { return c.unseen }) {
		return
	}
	var c flow.Chunk
	if w.in.Feed("t").Next(&c, 1<<w.rnd.IntN(18)) {
		w.shipped(&c, c.Span(0, c.Lines()), c.Lines())
	}
}

// bury ends the agent if it crashed.
func (w *world) bury() {
	synctest.Wait()
	for _, f := range w.in.files {
		if w.mode.renames && f.key == (disk.Key{}) {
			w.t.Errorf("file %d (%s) was taken for truncated", f.id, filepath.Base(f.path))
		}
	}
	if w.up && w.j.dead {
		w.stop()
		w.up = false
	}
}

// begin starts the agent, and replays what was not acked.
func (w *world) begin() {
	w.say("start")
	was := w.current()
	w.start()
	if !w.j.dead {
		w.looked(was)
	}
	w.up = true
	w.due = nil
	w.lane = true
	defer func() { w.lane = false }()
	for _, s := range w.j.unacked() {
		var c flow.Chunk
		err := w.in.Fetch(s, &c)
		for range 20 { // compressed files have to be quiet first
			if err != nil && err != flow.ErrGone {
				w.wait(time.Second)
				err = w.in.Fetch(s, &c)
			}
		}
		synctest.Wait()
		if w.j.dead {
			return
		}
		if err == flow.ErrGone && w.mayBeGone(w.spans[s]) {
			w.j.ack(s)
			continue
		}
		if err != nil {
			w.t.Errorf("fetch %+v: %v", s, err)
			continue
		}
		var got []string
		for i := range c.Lines() {
			got = append(got, string(c.Line(i)))
		}
		if strings.Join(got, "\n") != strings.Join(w.spans[s], "\n") {
			w.t.Errorf("fetch %+v gave %.100q, before it was %.100q", s, got, w.spans[s])
		}
		w.j.ack(s)
	}
}

// mayBeGone says whether the bytes of a span with these lines may be gone: of any
// of them, since the file may have been cut short in the middle of the span, or a
// line that waits for the next be joined to one that is truncated once more.
func (w *world) mayBeGone(texts []string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return w.lines[text].optional || w.lines[text].again })
}

func (w *world) crash() {
	w.kill()
	w.bury()
}

// ship takes up to n chunks, and gives some lines of them back.
func (w *world) ship(n int) {
	if !w.up || w.j.dead {
		return
	}
	var c flow.Chunk
	synctest.Wait()
	taken := 0
	for ; n > 0 && w.next(&c, 1<<w.rnd.IntN(18)); n-- {
		lines := c.Lines()
		if w.rnd.IntN(6) == 0 {
			lines = w.rnd.IntN(lines + 1)
			w.in.Feed("t").Unread(&c, lines)
		}
		if lines > 0 {
			w.shipped(&c, c.Span(0, lines), lines)
		}
		taken += lines
	}
	w.lane = false
	if taken > 0 {
		w.say("shipped %d lines", taken)
	}
}

// hold takes chunks of a batch that cannot be sent for a while: the brokers take
// nothing. Then it is sent, or the agent is killed before that.
func (w *world) hold() {
	var batch []*flow.Chunk
	for n := 1 + w.rnd.IntN(3); n > 0 && w.up && !w.j.dead; n-- {
		c := &flow.Chunk{}
		if !w.next(c, 1<<w.rnd.IntN(18)) {
			break
		}
		s := c.Span(0, c.Lines())
		w.say("holds file %d %s: %d to %d", c.File, filepath.Base(c.Path), s.Start, s.End)
		batch = append(batch, c)
	}
	if len(batch) > 0 {
		w.pass(time.Duration(w.rnd.IntN(3000)) * time.Millisecond)
	}
	if len(batch) > 0 && !w.j.dead && w.rnd.IntN(2) == 0 {
		w.crash()
	}
	for _, c := range batch {
		if !w.j.dead {
			w.shipped(c, c.Span(0, c.Lines()), c.Lines())
		}
	}
	w.lane = false
}

// next takes a chunk, unless the agent is dead by then.
func (w *world) next(c *flow.Chunk, max int) bool {
	synctest.Wait()
	w.lane = true
	ok := w.in.Feed("t").Next(c, max)
	synctest.Wait()
	return ok && !w.j.dead
}

// shipped counts lines whose intent is on file.
func (w *world) shipped(c *flow.Chunk, s flow.Span, n int) {
	var texts []string
	for i := range n {
		text := string(c.Line(i))
		texts = append(texts, text)
		l := w.lines[text]
		if l == nil && w.torn[text] {
			continue
		}
		if l == nil {
			w.t.Errorf("shipped %.200q, which nobody wrote (%s@%d)", text, c.Path, c.Start)
			continue
		}
		if w.seen[text]++; w.seen[text] > 1 && !l.again {
			w.t.Errorf("shipped again: %.100q (file %d, %s@%d)", text, c.File, c.Path, c.Start)
		}
		if at := c.Offset(i); at != l.offset {
			w.t.Errorf("%.100q is at %d, not at %d", text, l.offset, at)
		}
		if !strings.HasPrefix(filepath.Base(c.Path), l.chain) {
			w.t.Errorf("%.100q has path %s", text, c.Path)
		}
		w.got = append(w.got, text)
	}
	w.say("  file %d %s: %d to %d, line %.20q", c.File, filepath.Base(c.Path), s.Start, s.End, texts[0])
	w.j.intent(s)
	w.spans[s] = texts
	w.due = append(w.due, s)
}

func (w *world) ackSome() {
	n := w.rnd.IntN(len(w.due) + 1)
	for _, s := range w.due[:n] {
		w.j.ack(s)
	}
	w.due = w.due[n:]
}
