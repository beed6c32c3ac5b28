package tail

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tailrace/agent/flow"
)

// The model test plays random histories of what programs do with log files,
// and of what happens to the agent, on real files, and compares what was
// shipped with what was written. TAILRACE_SEED repeats one history,
// TAILRACE_HISTORIES sets how many are played.

// line is one line that was written.
type line struct {
	text     string // without its newline
	chain    string
	order    int
	offset   int64 // in its generation
	slip     bool  // written so late that it may be out of order
	optional bool  // its bytes may be gone before anybody looked
}

// generation of a path, as its writer knows it.
type epoch struct {
	f       *os.File
	size    int64
	half    string    // what was written of a line that is not finished
	halfAt  int64     // its offset
	touched time.Time // last write or rotation
	let     bool      // it may have been let go: what comes now is out of order
	looked  bool      // the agent has had time to see it
	lines   []*line
	born    int // order of the last line before it
}

// chain is what goes through one path.
type chain struct {
	w    *world
	path string
	cur  *epoch // nil: nothing is at the path
	old  *epoch // the newest rotated one, whose writer may go on
	n    int
	// joined is the half of a line that a copytruncate left in the copy
	joined *epoch
	calm   time.Time // no rotation before that
	split  bool      // the agent must look before the next rotation: it cannot
	// tell two truncations at the same place, or halves of halves, apart
	cut    *line // the last such line
	copies bool  // it is rotated by copytruncate, not by renaming
}

type world struct {
	*host
	rnd    *rand.Rand
	chains []*chain
	lines  map[string]*line
	order  int
	log    []string
	up     bool
	seen   map[string]int
	spans  map[flow.Span][]string
	due    []flow.Span // intents without an ack, oldest first
	names  int
	calm   bool // nothing happens while the agent is at work: as good as repeatable
}

func (w *world) say(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

func TestModel(t *testing.T) {
	count, first, calm := 300, uint64(1), true
	if raceEnabled {
		count = 60
	}
	if s := os.Getenv("TAILRACE_HISTORIES"); s != "" {
		count, _ = strconv.Atoi(s)
		first = uint64(time.Now().UnixNano())
		calm = os.Getenv("TAILRACE_CALM") != ""
	}
	if s := os.Getenv("TAILRACE_SEED"); s != "" {
		first, _ = strconv.ParseUint(s, 10, 64)
		count = 1
	}
	for i := range count {
		seed := first + uint64(i)
		if !t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { history(t, seed, calm) })
		}) {
			t.Fatalf("repeat with TAILRACE_SEED=%d", seed)
		}
	}
}

func history(t *testing.T, seed uint64, calm bool) {
	rnd := rand.New(rand.NewPCG(seed, 7))
	pattern := "*.log"
	if rnd.IntN(3) == 0 {
		pattern = "*.log*"
	}
	w := &world{calm: calm, host: newHost(t, pattern), rnd: rnd, lines: map[string]*line{}, seen: map[string]int{}, spans: map[flow.Span][]string{}}
	w.say("pattern %s", pattern)
	for _, p := range []string{"a.log", "b.log"} {
		c := &chain{w: w, path: p, copies: rnd.IntN(3) == 0}
		w.chains = append(w.chains, c)
		c.create()
		c.write()
	}
	w.begin() // what was rotated before the first start is history
	for range 10 + rnd.IntN(50) {
		w.step()
		if t.Failed() {
			break
		}
	}
	w.end()
	if t.Failed() {
		t.Logf("%s\nagent's log:\n%s", strings.Join(w.log, "\n"), w.host.log)
	}
}

func (w *world) step() {
	if w.calm {
		synctest.Wait() // else it happens while the agent is at work
	}
	c := w.chains[w.rnd.IntN(2)]
	switch n := w.rnd.IntN(100); {
	case n < 25:
		c.write()
	case n < 31:
		c.writeHalf()
	case n < 36:
		c.writeLate()
	case n < 52 && c.copies:
		c.copyTruncate()
	case n < 52:
		c.rotate()
	case n < 55:
		c.truncate()
	case n < 58:
		c.delete()
	case n < 66:
		w.pass(time.Duration(w.rnd.IntN(3000)) * time.Millisecond)
	case n < 68:
		w.pass(time.Duration(w.rnd.IntN(20)) * time.Second)
	case n < 80:
		w.ship(1 + w.rnd.IntN(4))
	case n < 85:
		w.ackSome()
	case !w.up:
		w.begin()
	case n < 90:
		w.ship(1000)
	case n < 94:
		w.say("stop")
		w.stop()
		w.up = false
	case n < 97:
		w.crash()
	}
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	w.say("%v pass", d)
	w.wait(d)
	if w.up && d > 1200*time.Millisecond {
		for _, c := range w.chains {
			c.split = false
			if c.cur != nil {
				c.cur.looked = true
			}
		}
	}
}

// begin starts the agent, and replays what was not acked.
func (w *world) begin() {
	w.say("start")
	w.start()
	w.up = true
	for _, c := range w.chains {
		if c.cur != nil {
			c.cur.looked = true
		}
	}
	w.due = nil
	for _, s := range w.j.unacked() {
		var c flow.Chunk
		err := w.in.Fetch(s, &c)
		for range 3 {
			if err != nil && err != flow.ErrGone {
				w.wait(time.Second)
				err = w.in.Fetch(s, &c)
			}
		}
		if err == flow.ErrGone && w.lines[w.spans[s][0]].optional {
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

func (w *world) crash() {
	w.say("crash")
	w.stop()
	w.up = false
	w.j.crash(w.rnd.IntN(5))
}

// ship takes up to n chunks, and gives some lines of them back.
func (w *world) ship(n int) {
	if !w.up {
		return
	}
	var c flow.Chunk
	synctest.Wait()
	taken := 0
	for ; n > 0 && w.in.Feed("t").Next(&c, 1<<w.rnd.IntN(18)); n-- {
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
	if taken > 0 {
		w.say("shipped %d lines", taken)
	}
}

// shipped counts lines whose intent is on file.
func (w *world) shipped(c *flow.Chunk, s flow.Span, n int) {
	var texts []string
	for i := range n {
		text := string(c.Line(i))
		texts = append(texts, text)
		l := w.lines[text]
		if l == nil {
			w.t.Errorf("shipped %.200q, which nobody wrote (%s@%d)", text, c.Path, c.Start)
			continue
		}
		if w.seen[text]++; w.seen[text] > 1 {
			w.t.Errorf("shipped again: %.100q (file %d, %s@%d)", text, c.File, c.Path, c.Start)
		}
		if at := c.Start + int64(c.LineStart(i)); at != l.offset {
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

// end ships what is left and checks.
func (w *world) end() {
	w.say("end")
	for _, c := range w.chains {
		if c.cur != nil {
			c.finishHalf()
		}
	}
	if !w.up {
		w.begin()
	}
	for range 40 {
		w.ship(10000)
		w.wait(4 * time.Second)
	}
	w.check()
	if n := w.in.Stats().Open; n != 0 {
		w.t.Errorf("%d descriptors open", n)
	}
	for f := range w.in.active {
		w.say("file %d at %s: state %d, %d of %d, gone %v, prev %v, half %v, joined %d, recorded %v, wrong %v", f.id, filepath.Base(f.now), f.state, f.pos.off, f.size, f.gone, f.prev != nil, f.half, f.joined, f.recorded, f.wrong)
	}
	w.stop()
	for _, c := range w.chains {
		c.closeOld()
		if c.cur != nil {
			c.cur.f.Close()
		}
	}
}

func (w *world) check() {
	for text, l := range w.lines {
		if w.seen[text] == 0 && !l.optional {
			w.t.Errorf("missing: %.100q", text)
		}
	}
	last := map[string]*line{}
	for _, text := range w.got {
		l := w.lines[text]
		if l.slip {
			continue
		}
		if p := last[l.chain]; p != nil && p.order > l.order {
			w.t.Errorf("%.60q came after %.60q", l.text, p.text)
		}
		last[l.chain] = l
	}
}

func (c *chain) create() {
	f, err := os.OpenFile(c.w.path(c.path), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	c.w.must(err)
	c.cur = &epoch{f: f, touched: time.Now(), born: c.w.order}
	c.n++
	c.w.say("%s: created", c.path)
}

// text is a new line.
func (c *chain) text() string {
	c.w.order++
	size := c.w.rnd.IntN(20)
	switch c.w.rnd.IntN(12) {
	case 0:
		size = c.w.rnd.IntN(3000)
	case 1:
		size = c.w.rnd.IntN(300)
	}
	return fmt.Sprintf("%d %s %s end", c.w.order, c.path, strings.Repeat("x", size))
}

func (c *chain) put(e *epoch, text string, offset int64) *line {
	l := &line{text: text, chain: c.path, order: c.w.order, offset: offset}
	if prev := c.w.lines[text]; prev != nil {
		c.w.t.Fatalf("two lines %q", text)
	}
	c.w.lines[text] = l
	e.lines = append(e.lines, l)
	return l
}

func (e *epoch) write(w *world, s string) {
	_, err := e.f.WriteString(s)
	w.must(err)
	e.size += int64(len(s))
	e.touched = time.Now()
}

func (c *chain) write() {
	if c.cur == nil {
		c.create()
	}
	c.finishHalf()
	n := 1 + c.w.rnd.IntN(20)
	for range n {
		text := c.text()
		c.put(c.cur, text, c.cur.size)
		c.cur.write(c.w, text+"\n")
	}
	c.w.say("%s: %d lines, up to %d", c.path, n, c.w.order)
}

func (c *chain) writeHalf() {
	if c.cur == nil || c.cur.half != "" || c.joined != nil {
		return
	}
	text := c.text()
	k := 1 + c.w.rnd.IntN(len(text)-1)
	c.cur.half, c.cur.halfAt = text, c.cur.size
	c.cur.write(c.w, text[:k])
	c.cur.half = text[k:]
	c.put(c.cur, text, c.cur.halfAt)
	c.w.say("%s: half of line %d", c.path, c.w.order)
}

func (c *chain) finishHalf() {
	e := c.cur
	if c.joined != nil {
		e.write(c.w, c.joined.half+"\n")
		c.joined = nil
		c.w.say("%s: the other half, joined", c.path)
		c.split = true
		return
	}
	if e.half != "" {
		e.write(c.w, e.half+"\n")
		e.half = ""
		c.w.say("%s: the other half", c.path)
	}
}

// writeLate goes on in the rotated file.
func (c *chain) writeLate() {
	e := c.old
	if e == nil || e.half != "" {
		return
	}
	text := c.text()
	l := c.put(e, text, e.size)
	e.let = e.let || time.Since(e.touched) > 700*time.Millisecond
	l.slip = e.let
	// it belongs before the lines of the successor
	l.order = e.lastOrder()
	e.write(c.w, text+"\n")
	c.w.say("%s: line %d late, slip %v", c.path, c.w.order, l.slip)
}

func (e *epoch) lastOrder() int {
	n := e.born
	for _, l := range e.lines[:len(e.lines)-1] {
		n = max(n, l.order)
	}
	return n
}

// shift makes room for the newest rotated file, as logrotate does.
func (c *chain) shift() {
	for i := 30; i >= 1; i-- {
		if _, err := os.Stat(c.w.path(fmt.Sprintf("%s.%d", c.path, i))); err == nil {
			c.w.rename(fmt.Sprintf("%s.%d", c.path, i), fmt.Sprintf("%s.%d", c.path, i+1))
		}
	}
}

func (c *chain) closeOld() {
	if c.old != nil {
		c.old.f.Close()
		c.old = nil
	}
}

func (c *chain) quiet() bool { return c.joined == nil && !c.split && time.Now().After(c.calm) }

// rotate renames the file, by the rules or to any name.
func (c *chain) rotate() {
	if c.cur == nil || !c.quiet() {
		return
	}
	c.closeOld()
	name := c.path + ".1"
	if c.cur.looked && c.w.rnd.IntN(3) == 0 {
		c.w.names++
		name = fmt.Sprintf("moved-%d.txt", c.w.names)
	} else {
		c.shift()
	}
	c.w.rename(c.path, name)
	c.w.say("%s: renamed to %s", c.path, name)
	c.old, c.cur = c.cur, nil
	c.old.touched = time.Now()
	if h := c.old.half; h != "" {
		// it is a line as it is now, or will be finished soon
		l := c.old.lines[len(c.old.lines)-1]
		if c.w.rnd.IntN(2) == 0 {
			c.old.write(c.w, h+"\n")
			c.w.say("%s: the other half, late", c.path)
		} else {
			delete(c.w.lines, l.text)
			l.text = strings.TrimSuffix(l.text, h)
			if c.w.lines[l.text] != nil {
				c.w.t.Fatalf("two lines %q", l.text)
			}
			c.w.lines[l.text] = l
			c.old.half = "given up"
		}
		if c.old.half == h {
			c.old.half = ""
		}
	}
	if c.w.rnd.IntN(2) == 0 {
		c.create()
	}
}

func (c *chain) copyTruncate() {
	if c.cur == nil || !c.quiet() || c.cur.size == 0 {
		return
	}
	if c.cur.half != "" {
		c.nextTick()
	}
	c.closeOld()
	c.shift()
	c.w.copyTruncate(c.path, c.path+".1")
	c.w.say("%s: copied and truncated", c.path)
	e := c.cur
	c.cur = &epoch{f: e.f, touched: time.Now(), looked: e.looked, born: c.w.order}
	if e.half != "" {
		c.joined, c.cut = e, e.lines[len(e.lines)-1]
	}
	// the agent must have looked before the next rotation of any kind
	c.calm = time.Now().Add(time.Duration(c.w.rnd.IntN(3)) * time.Second)
}

// nextTick waits until the file system's clock, which goes in steps of some
// milliseconds, has moved on since the file was made: a copy must be younger.
func (c *chain) nextTick() {
	at, err := new(disk).statPath(c.w.path(c.path))
	c.w.must(err)
	for {
		c.w.append("tick", "")
		now, err := new(disk).statPath(c.w.path("tick"))
		c.w.must(err)
		c.w.remove("tick")
		if now.key.birth != at.key.birth || now.key.birth == 0 {
			return
		}
	}
}

func (c *chain) truncate() {
	if c.cur == nil || c.cut != nil && c.w.seen[c.cut.text] == 0 || !c.quiet() || c.cur.half != "" {
		return
	}
	for _, l := range c.cur.lines {
		l.optional = true
	}
	if c.cut != nil {
		c.cut.optional = true // for a replay
	}
	c.w.must(os.Truncate(c.w.path(c.path), 0))
	c.cur = &epoch{f: c.cur.f, touched: time.Now(), looked: c.cur.looked, born: c.w.order}
	c.split = true
	c.w.say("%s: truncated", c.path)
}

// delete removes the file while the agent has it open.
func (c *chain) delete() {
	if c.cur == nil || c.cut != nil && c.w.seen[c.cut.text] == 0 || !c.quiet() || !c.w.up || c.cur.half != "" {
		return
	}
	c.w.wait(1200 * time.Millisecond)
	if c.w.rnd.IntN(2) == 0 {
		c.w.ship(10000)
	}
	c.closeOld()
	c.w.remove(c.path)
	c.cur.f.Close()
	c.w.say("%s: deleted", c.path)
	for _, l := range c.cur.lines {
		l.optional = true // lost if the agent ends before they are acked
	}
	if c.cut != nil {
		c.cut.optional = true
	}
	c.cur = nil
	if c.w.rnd.IntN(2) == 0 {
		c.create()
	}
}
