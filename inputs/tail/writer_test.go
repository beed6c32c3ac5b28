package tail

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/disk"
)

// generation of a path, as its writer knows it.
type epoch struct {
	f       *os.File
	name    string // where it is
	deleted bool   // nowhere any more
	size    int64
	hole    int64     // its size when it was truncated, and the writer does not append
	half    string    // what was written of a line that is not finished
	halfAt  int64     // its offset
	touched time.Time // last write or rotation
	begins  string    // the half of a line, whose other is in a copy
	let     bool      // it may have been let go: what comes now is out of order
	looked  bool      // the agent has had time to see it
	lines   []*line
	born    int  // order of the last line before it
	copied  bool // it was put in the place of another, and the agent has not looked since
}

// chain is what goes through one path.
type chain struct {
	w    *world
	path string
	cur  *epoch   // nil: nothing is at the path
	gens []*epoch // the rotated ones that exist, oldest first
	old  *epoch   // the newest rotated one, whose writer may go on
	n    int
	// joined is the half of a line that a copytruncate left in the copy
	joined *epoch
	calm   time.Time // no rotation before that
	split  bool      // the agent must look before the next rotation: it cannot
	// tell two truncations at the same place apart; nor halves of halves, where
	// one may come between its look and its read
	splits  int      // how often that was so
	cut     *line    // the last such line
	copies  bool     // it is rotated by copytruncate, not by renaming
	sparse  bool     // its writer does not append: it goes on at its old offset
	dir     string   // where it is rotated to, with a slash, if that is another directory
	up      bool     // numbers count upwards: the newest has the highest
	top     int      // the highest number that was given
	used    bool     // something was rotated to it
	packing *packing // nil: none
	// unseen: it was copied and truncated before enough of it was read to know it by,
	// and the agent has not looked since
	unseen bool
}

func (c *chain) create() {
	flags := os.O_APPEND | os.O_CREATE | os.O_WRONLY
	if c.sparse {
		flags &^= os.O_APPEND
	}
	f, err := os.OpenFile(c.w.path(c.path), flags, 0o644)
	c.w.must(err)
	c.cur = &epoch{f: f, name: c.path, touched: time.Now(), born: c.w.order}
	c.n++
	if c.up || c.w.mode.packs && c.w.mode.racing && c.old != nil {
		c.nextTick() // what is written now is younger than what was before
	}
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
	l := &line{text: text, chain: c.path, order: c.w.order, offset: offset, optional: e.deleted}
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
	k := strings.IndexByte(text, ' ') + 1 // halves differ, too
	k += c.w.rnd.IntN(len(text) - k)
	c.cur.half, c.cur.halfAt = text, c.cur.size
	c.cur.write(c.w, text[:k])
	c.cur.half = text[k:]
	c.put(c.cur, text, c.cur.halfAt)
	c.w.say("%s: half of line %d", c.path, c.w.order)
}

func (c *chain) finishHalf() {
	e := c.cur
	if c.joined != nil {
		e.begins = c.joined.half
		e.write(c.w, e.begins+"\n")
		c.joined = nil
		c.w.say("%s: the other half, joined", c.path)
		if c.w.mode.racing {
			c.split, c.splits = true, c.splits+1
		}
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
	if c.up && c.w.mode.packs && !c.w.known(e) && c.cur != nil && len(c.cur.lines) > 0 {
		return // nothing but the last write tells the order: see docs/scenarios.md
	}
	text := c.text()
	l := c.put(e, text, e.size)
	e.let = e.let || time.Since(e.touched) > 700*time.Millisecond
	l.slip = e.let
	// it belongs before the lines of the successor
	l.order = e.lastOrder()
	e.write(c.w, text+"\n")
	if c.up {
		c.nextTick()
	}
	c.w.say("%s: line %d late, slip %v", c.path, c.w.order, l.slip)
}

func (e *epoch) lastOrder() int {
	n := e.born
	for _, l := range e.lines[:len(e.lines)-1] {
		n = max(n, l.order)
	}
	return n
}

// rotated is the name for the newest rotated file. Unless numbers count upwards, room
// is made for it, as logrotate does.
func (c *chain) rotated() string {
	c.endCompress()
	if c.up {
		c.top++
		return fmt.Sprintf("%s%s.%d", c.dir, c.path, c.top)
	}
	c.top++
	for i := c.top; i >= 1; i-- {
		for _, ext := range []string{"", ".gz"} {
			if from := fmt.Sprintf("%s%s.%d%s", c.dir, c.path, i, ext); c.w.exists(from) {
				c.move(from, fmt.Sprintf("%s%s.%d%s", c.dir, c.path, i+1, ext))
			}
		}
	}
	return c.dir + c.path + ".1"
}

func (c *chain) move(from, to string) {
	c.w.rename(from, to)
	c.renamed(from, to)
}

// renamed notes the new name of a generation.
func (c *chain) renamed(from, to string) {
	for _, e := range c.gens {
		if e.name == from {
			e.name = to
		}
	}
}

// copyBack puts a copy in the place of the log, or of a rotated file, with its times:
// the file itself is moved away, or deleted.
func (c *chain) copyBack() {
	name := c.path
	if n := c.w.rnd.IntN(4); n > 0 && c.dir == "" { // the known ones lead to the others
		name = fmt.Sprintf("%s.%d", c.path, n)
	} else if c.cur == nil || c.cur.half != "" || !c.w.mode.renames {
		return // what is truncated must have been seen before
	}
	if !c.w.exists(name) || !c.w.familiar(name) || c.linked(name) || c.packing != nil || !c.quiet() {
		return
	}
	c.closeOld()
	c.w.names++
	away := fmt.Sprintf("away-%d.txt", c.w.names)
	c.w.rename(name, away)
	c.w.copyAll(away, name)
	if st, err := os.Stat(c.w.path(name)); err == nil {
		c.w.slack += st.Size() // it may be deleted before it is known for a copy
	}
	c.w.say("%s: %s is a copy of %s now", c.path, name, away)
	if name == c.path {
		c.cur.f.Close()
		f, err := os.OpenFile(c.w.path(name), os.O_APPEND|os.O_WRONLY, 0)
		c.w.must(err)
		c.cur.f, c.cur.looked, c.cur.copied = f, false, true
	}
	if c.w.rnd.IntN(2) == 0 {
		c.w.remove(away)
		c.w.say("%s: %s deleted", c.path, away)
	}
}

// removeOld deletes the oldest of the rotated files, even if it was not read.
func (c *chain) removeOld() {
	if len(c.gens) == 0 || c.dir != "" { // the known ones lead to the others
		return
	}
	c.endCompress()
	e := c.gens[0]
	c.gens = c.gens[1:]
	c.w.notice(e.name, e.lines)
	c.w.remove(e.name)
	c.w.say("%s: %s deleted", c.path, e.name)
	e.deleted = true
	for _, l := range e.lines {
		l.optional = true
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
	if c.cur == nil || !c.quiet() || c.dir != "" && !c.used && !c.cur.looked {
		return // only what was known leads the agent to a directory
	}
	if c.cur.copied {
		return // what was written to the copy comes late, which is said
	}
	c.closeOld()
	var name string
	if c.cur.looked && c.w.rnd.IntN(3) == 0 {
		c.w.names++
		name = fmt.Sprintf("moved-%d.txt", c.w.names)
	} else {
		name, c.used = c.rotated(), true
	}
	c.move(c.path, name)
	c.w.say("%s: renamed to %s", c.path, name)
	c.old, c.cur = c.cur, nil
	c.old.name = name
	c.gens = append(c.gens, c.old)
	c.old.touched = time.Now()
	if h := c.old.half; h != "" {
		// it is a line as it is now, or will be finished soon
		l := c.old.lines[len(c.old.lines)-1]
		if c.w.rnd.IntN(2) == 0 {
			c.old.write(c.w, h+"\n")
			if c.up {
				c.nextTick()
			}
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

// secret says that the agent cannot notice a truncation that happens now: it is
// at work and has not yet read enough to know the file again by its content.
func (c *chain) secret() bool {
	return c.w.midst && !c.familiar()
}

// familiar says that enough of the file was read to know it by its content.
func (c *chain) familiar() bool { return c.w.known(c.cur) }

// known says that enough of what is in e was read to know it by its content.
func (w *world) known(e *epoch) bool {
	for _, l := range e.lines {
		if !l.again && w.seen[l.text] > 0 && l.offset+int64(len(l.text))-e.hole >= 64 {
			return true
		}
	}
	return false
}

func (c *chain) copyTruncate() {
	if c.cur == nil || !c.quiet() || c.cur.size == c.cur.hole || c.secret() || c.dir != "" && !c.used && !c.familiar() {
		return
	}
	c.used = true
	c.unseen = !c.familiar()
	if !c.familiar() {
		c.wasCut() // the copy is known for one of what was there before that
	}
	if c.up || c.cur.half != "" {
		c.nextTick()
	}
	c.closeOld()
	c.w.copyTruncate(c.path, c.rotated())
	c.w.say("%s: copied and truncated", c.path)
	e := c.cur
	c.cur = c.emptied()
	if e.half != "" {
		c.joined, c.cut = e, e.lines[len(e.lines)-1]
	}
	// the agent must have looked before the next rotation of any kind
	c.calm = time.Now().Add(time.Duration(c.w.rnd.IntN(3)) * time.Second)
}

// emptied is what is at the path once that was truncated.
func (c *chain) emptied() *epoch {
	e := &epoch{f: c.cur.f, touched: time.Now(), looked: c.cur.looked, born: c.w.order}
	if c.sparse {
		e.size, e.hole = c.cur.size, c.cur.size
	}
	return e
}

// wasCut lets more be said to be lost than is, if the file was cut short and so may be
// read again.
func (c *chain) wasCut() {
	if slices.ContainsFunc(c.cur.lines, func(l *line) bool { return l.again }) {
		c.w.slack += c.cur.size
	}
}

// nextTick waits until the file system's clock, which goes in steps of some
// milliseconds, has moved on: what is made and written then is younger.
func (c *chain) nextTick() {
	var first disk.Key
	for {
		c.w.append("tick", "")
		now, err := new(disk.Disk).Stat(c.w.path("tick"))
		c.w.must(err)
		c.w.remove("tick")
		if first == (disk.Key{}) {
			first = now.Key
		}
		if now.Key.Birth != first.Birth || now.Key.Birth == 0 {
			return
		}
	}
}

func (c *chain) truncate() {
	if c.cur == nil || c.secret() || c.cut != nil && c.w.seen[c.cut.text] == 0 || !c.quiet() || c.cur.half != "" {
		return
	}
	if c.sparse && c.cur.size < nulRun {
		return // so few NULs are taken for text
	}
	if c.familiar() {
		c.w.notice(c.path, c.cur.lines)
	}
	c.wasCut()
	for _, l := range c.cur.lines {
		l.optional = true
	}
	if c.cut != nil {
		c.cut.optional = true // for a replay
	}
	c.w.must(os.Truncate(c.w.path(c.path), 0))
	c.cur = c.emptied()
	c.split, c.splits = true, c.splits+1
	c.w.say("%s: truncated", c.path)
}

// cutShort takes lines from the end of the file, and perhaps a part of the one before
// them, as a power loss or truncate does. The writer goes on behind what is left.
func (c *chain) cutShort() {
	if c.cur == nil || c.secret() || c.cut != nil && c.w.seen[c.cut.text] == 0 || !c.quiet() || c.cur.half != "" || len(c.cur.lines) < 2 || c.sparse {
		return
	}
	if c.cut != nil && !c.familiar() {
		return // the half of a line at its beginning cannot be told from a new one: see Limits in doc.go
	}
	if c.w.midst {
		c.w.slack = 1 << 40 // of what is read at this moment nobody knows whether it is the old or the new
	}
	keep := len(c.cur.lines)
	keep -= 1 + c.w.rnd.IntN(1+c.w.rnd.IntN(keep-1))
	if keep == 0 {
		return
	}
	torn := c.cur.lines[keep]
	at, k := torn.offset, 0
	if c.w.rnd.IntN(3) == 0 && !strings.Contains(torn.text, "+") && strings.HasSuffix(torn.text, " end") {
		k = strings.Index(torn.text, c.path) + len(c.path) // halves differ, too
		k += c.w.rnd.IntN(len(torn.text) - k)
	}
	for _, l := range c.cur.lines {
		l.again = true
		l.optional = l.optional || l.offset >= at
	}
	if c.cur.begins != "" {
		c.w.torn[c.cur.begins] = true // little or nothing was read behind it to know it by
	}
	at += int64(k)
	if !c.familiar() {
		c.w.slack += min(at, flow.PrefixMax)
	}
	c.w.must(os.Truncate(c.w.path(c.path), at))
	c.cur = &epoch{f: c.cur.f, name: c.cur.name, begins: c.cur.begins, touched: time.Now(), looked: c.cur.looked, born: c.cur.born, size: at, lines: c.cur.lines[:keep:keep]}
	if k > 0 {
		c.cur.half = "+" + c.text()
		c.put(c.cur, torn.text[:k]+c.cur.half, torn.offset)
	}
	c.split, c.splits = true, c.splits+1
	c.w.say("%s: cut short to %d, %d bytes behind a line", c.path, at, k)
}

// delete removes the file while the agent has it open.
func (c *chain) delete() {
	if c.cur == nil || c.cut != nil && c.w.seen[c.cut.text] == 0 || !c.quiet() || !c.w.up || c.cur.half != "" {
		return
	}
	c.w.fuse = 0 // nothing else happens until it is gone
	c.w.wait(lookTime)
	if c.w.rnd.IntN(2) == 0 {
		c.w.ship(10000)
	}
	c.closeOld()
	c.w.notice(c.path, c.cur.lines)
	c.wasCut()
	c.w.slack += c.cur.hole // of which the journal may not know when the agent is killed
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
