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
	"tailrace/agent/journal"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/record"
)

// The model test plays random histories of what programs do with log files,
// and of what happens to the agent, on real files, and compares what was
// shipped with what was written. A history is the same each time that it is
// played with the same seed, as far as the file system's clock and inode numbers
// are. TAILRACE_SEED repeats one history, or draws new ones when it is "random";
// TAILRACE_HISTORIES sets how many are played, TAILRACE_MODE plays only those of
// one mode.

// lookTime is after what time the agent has looked at each directory.
const lookTime = 2*tickEvery + 200*time.Millisecond

// mode is what happens in a history.
type mode struct {
	name string
	// racing: programs write and rotate, and the agent is killed, between any
	// two system calls of the agent; otherwise only while it is idle.
	racing bool
	// renames: files are only renamed and, once they were rotated, deleted;
	// nothing is truncated.
	renames bool
	packs   bool // rotated files are compressed
	record  record.Options
	count   int // histories that are played if nothing else is said
}

var modes = []mode{
	{name: "calm", packs: true, count: 100},
	{name: "rename", racing: true, renames: true, count: 100},
	{name: "race", racing: true, count: 100},
	{name: "rename-packed", racing: true, renames: true, packs: true, count: 100},
	{name: "race-packed", racing: true, packs: true, count: 100},
	// each line is a record, but not as it is; and not before the next begins
	{name: "records", racing: true, count: 50, record: record.Options{Exclude: []string{"^never"}}},
	{name: "traces", racing: true, count: 50, record: record.Options{Multiline: record.Multiline{Start: "^"}}},
}

// line is one line that was written.
type line struct {
	text     string // without its newline
	chain    string
	order    int
	offset   int64     // in its generation
	slip     bool      // written so late that it may be out of order
	optional bool      // its bytes may be gone before anybody looked
	again    bool      // its file was cut shorter: it may come twice, out of order
	noticed  time.Time // when its bytes went, if the agent knew of them: their loss is said
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
	// matched: rotated files are followed under their own names, too
	matched bool
	torn    map[string]bool // halves of lines that may come alone
	links   []string        // hard links to the files
	// slack is how many bytes more may be counted as lost than are: of what was
	// cut shorter before enough was read, and of copies.
	slack int64
	mode  mode
	midst bool // something happens between two system calls
	lane  bool // the lane is busy: it holds a chunk, or replays
	fuse  int  // in how many system calls something happens; 0 never
}

func (w *world) say(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

func TestModel(t *testing.T) {
	only, all := os.Getenv("TAILRACE_MODE"), os.Getenv("TAILRACE_HISTORIES")
	for _, m := range modes {
		first, count := uint64(1), m.count
		if raceEnabled {
			count /= 5
		}
		if all != "" && (count > 0 || only == m.name) {
			count, _ = strconv.Atoi(all)
		}
		if s := os.Getenv("TAILRACE_SEED"); s == "random" {
			first = uint64(time.Now().UnixNano())
		} else if s != "" {
			first, _ = strconv.ParseUint(s, 10, 64)
			count = 1
		}
		if only != "" && only != m.name {
			continue
		}
		for i := range count {
			seed := first + uint64(i)
			if !t.Run(fmt.Sprintf("%s/%d", m.name, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { history(t, seed, m) })
			}) {
				t.Fatalf("repeat with TAILRACE_MODE=%s TAILRACE_SEED=%d", m.name, seed)
			}
		}
	}
}

func history(t *testing.T, seed uint64, m mode) {
	rnd := rand.New(rand.NewPCG(seed, 7))
	pattern := "*.log"
	if rnd.IntN(3) == 0 {
		pattern = "*.log*"
	}
	w := &world{mode: m, host: newHost(t, pattern, "b.*"), rnd: rnd, matched: pattern != "*.log", lines: map[string]*line{}, seen: map[string]int{}, torn: map[string]bool{}, spans: map[flow.Span][]string{}}
	w.opts.Inputs[0].Record = m.record
	w.noHandles = rnd.IntN(2) == 0
	second := w.opts.Inputs[0] // b.log is in both
	w.opts.Inputs[0].Paths, second.Paths = second.Paths[:1], second.Paths[1:]
	second.Exclude = []string{w.path("*.log?*")}
	w.opts.Inputs = append(w.opts.Inputs, second)
	w.say("pattern %s, no handles %v", pattern, w.noHandles)
	w.must(os.Mkdir(w.path("old"), 0o755))
	w.before = w.between
	up := rand.New(rand.NewPCG(seed, 8))
	for _, p := range []string{"a.log", "b.log"} {
		c := &chain{w: w, path: p, copies: !m.renames && rnd.IntN(3) == 0, up: up.IntN(3) == 0}
		c.sparse = c.copies && seed%3 == 2
		if rnd.IntN(3) == 0 {
			c.dir = "old/"
		}
		w.chains = append(w.chains, c)
		c.create()
		c.write()
	}
	w.begin() // what was rotated before the first start is history
	for range 10 + rnd.IntN(50) {
		if m.racing && rnd.IntN(2) == 0 {
			w.fuse = 1 + rnd.IntN(1<<rnd.IntN(9))
		}
		w.step()
		w.bury()
		if t.Failed() {
			break
		}
	}
	w.fuse = 0
	w.end()
	if t.Failed() {
		t.Logf("%s\nagent's log:\n%s", strings.Join(w.log, "\n"), w.host.log)
	}
}

func (w *world) step() {
	c := w.chains[w.rnd.IntN(2)]
	switch n := w.rnd.IntN(100); {
	case n < 55:
		w.act(c, n)
	case n < 57:
		if !w.mode.renames {
			c.delete()
		}
	case n < 58:
		w.oddities(c)
	case n < 66:
		w.pass(time.Duration(w.rnd.IntN(3000)) * time.Millisecond)
	case n < 68:
		w.pass(time.Duration(w.rnd.IntN(20)) * time.Second)
	case n < 69:
		w.hold()
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
		w.forget(lookTime)
		w.up = false
	case n < 97:
		w.crash()
	}
}

// act is what the programs do that write and rotate; n is below 55.
func (w *world) act(c *chain, n int) {
	switch {
	case n < 25:
		c.write()
	case n < 29:
		c.writeHalf()
	case n < 33:
		c.writeLate()
	case n < 36:
		if w.rnd.IntN(3) == 0 {
			c.copyBack()
		} else {
			c.compress()
		}
	case n < 52 && c.copies:
		c.copyTruncate()
	case n < 52:
		c.rotate()
	case w.mode.renames:
		c.removeOld()
	case n < 54:
		c.truncate()
	default:
		c.cutShort()
	}
}

// oddities is what happens beside the logs.
func (w *world) oddities(c *chain) {
	switch n := w.rnd.IntN(3); {
	case n == 0:
		w.plant(c)
	case len(w.links) > 0 && n == 1:
		w.remove(w.links[0])
		w.say("%s removed", w.links[0])
		w.links = w.links[1:]
	case c.cur != nil && c.cur.looked && c.dir == "": // else the link may be found, not the file or its directory
		w.names++
		name := fmt.Sprintf("link-%d.log", w.names)
		w.must(os.Link(w.path(c.path), w.path(name)))
		w.links = append(w.links, name)
		w.say("%s: also %s", c.path, name)
	}
}

// plant puts a file of another user beside a log that looks like its newest
// generation.
func (w *world) plant(c *chain) {
	if w.matched || os.Geteuid() != 0 {
		return
	}
	w.names++
	name := fmt.Sprintf("%s%s-%d", c.dir, c.path, 20300000+w.names)
	var p []byte
	if w.exists(c.path) {
		p = w.look(c.path)
	}
	w.append(name, string(p)+fmt.Sprintf("planted %d\n", w.names))
	w.must(os.Chown(w.path(name), 1001, -1))
	w.say("%s: %s planted", c.path, name)
}

// between is called before each system call of the agent. Once the fuse has
// burnt down, something happens there.
func (w *world) between(call, path string) error {
	if !w.mu.TryLock() {
		return nil // it is a call of the model's own
	}
	defer w.mu.Unlock()
	if w.fuse == 0 || w.j.dead {
		return nil
	}
	if w.fuse--; w.fuse > 0 {
		return nil
	}
	w.say("before %s %s:", call, filepath.Base(path))
	w.midst = true
	defer func() { w.midst = false }()
	for range 1 + w.rnd.IntN(4) {
		if w.rnd.IntN(25) == 0 {
			w.kill()
			return nil
		}
		if (call == "list" || call == "stat") && w.up && !w.lane && w.rnd.IntN(3) == 0 {
			w.shipInMidst() // no file is locked then
		} else {
			w.act(w.chains[w.rnd.IntN(2)], w.rnd.IntN(55))
		}
	}
	w.say("…")
	if w.rnd.IntN(2) == 0 {
		w.fuse = 1 + w.rnd.IntN(20)
	}
	return nil
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	w.say("%v pass", d)
	was := w.current()
	var splits []int
	for _, c := range w.chains {
		splits = append(splits, c.splits)
	}
	w.wait(d)
	if w.up && !w.j.dead && d > lookTime {
		w.looked(was)
		for i, c := range w.chains {
			c.split = c.split && c.splits > splits[i] // during the wait
		}
	}
}

// current is what is at the paths.
func (w *world) current() []*epoch {
	var out []*epoch
	for _, c := range w.chains {
		out = append(out, c.cur)
	}
	return out
}

// looked notes that the agent has seen the files that were and are at the
// paths.
func (w *world) looked(was []*epoch) {
	for i, c := range w.chains {
		if c.cur != nil && c.cur == was[i] {
			c.cur.looked = c.cur.looked || w.knows(c.path)
			c.cur.copied = c.cur.copied && !c.cur.looked
		}
		c.unseen = false
	}
}

// end ships what is left and checks.
func (w *world) end() {
	w.say("end")
	w.bury()
	for _, c := range w.chains {
		if c.cur != nil {
			c.finishHalf()
		}
		c.endCompress()
	}
	if !w.up {
		w.begin()
	}
	for range 40 {
		w.ship(10000)
		w.wait(4 * time.Second)
	}
	w.check()
	if n := w.in.Stats().Lost[lostTruncated]; n > 0 && w.mode.renames {
		w.t.Errorf("%d bytes lost by truncation", n)
	}
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
	if counted, gone := w.losses(); counted > gone+w.slack {
		w.t.Errorf("%d bytes are counted as lost, %d are", counted, gone)
	}
	w.checkSaid()
	last := map[string]*line{}
	for _, text := range w.got {
		l := w.lines[text]
		if l.slip || l.again {
			continue
		}
		if p := last[l.chain]; p != nil && p.order > l.order {
			w.t.Errorf("%.60q came after %.60q", l.text, p.text)
		}
		last[l.chain] = l
	}
}

// losses is how many bytes the agent has counted as lost, and how many were never
// shipped: of what was gone before anybody looked it cannot know. A crash may come
// between a loss and the note that its file is done: then it is counted again.
func (w *world) losses() (counted, gone int64) {
	last := map[flow.FileID]journal.Lost{}
	for _, r := range w.j.recs {
		if r.Lost != nil && *r.Lost != last[r.Lost.File] {
			last[r.Lost.File] = *r.Lost
			counted += r.Lost.Bytes
		}
	}
	for text := range w.lines {
		if w.seen[text] == 0 {
			gone += int64(len(text)) + 1
		}
	}
	return counted, gone
}

// checkSaid checks that the agent has said what it knew of and did not ship: how many
// bytes, or that it does not know that.
func (w *world) checkSaid() {
	said, unknown, gone := map[string]int64{}, map[string]bool{}, map[string]int64{}
	for _, r := range w.j.recs {
		if r.Lost != nil {
			path := filepath.Base(r.Lost.Path)
			said[path] += r.Lost.Bytes
			unknown[path] = unknown[path] || r.Lost.Bytes == 0
		}
	}
	for text, l := range w.lines {
		if !l.noticed.IsZero() && w.seen[text] == 0 {
			gone[l.chain] += int64(len(text)) + 1
		}
	}
	for path, n := range gone {
		if n > said[path] && !unknown[path] {
			w.t.Errorf("%s: %d bytes are lost that were seen, %d are said to be", path, n, said[path])
		}
	}
}

// kill ends the journal at once. What the agent knew may not be in it.
func (w *world) kill() {
	w.say("crash")
	w.j.crash(w.rnd.IntN(5))
	w.forget(time.Hour)
}

// forget notes that the agent ended before it could say what was lost for no longer
// than that.
func (w *world) forget(within time.Duration) {
	for _, l := range w.lines {
		if time.Since(l.noticed) < within {
			l.noticed = time.Time{}
		}
	}
}

// notice notes which of these lines, whose bytes are about to go from the file of that
// name, the agent knows of.
func (w *world) notice(name string, lines []*line) {
	if w.midst || !w.up || w.j.dead {
		return
	}
	synctest.Wait()
	at, err := new(disk.Disk).Stat(w.path(name))
	w.must(err)
	f := w.in.byKey[at.Key]
	if f == nil || !f.recorded || w.in.blocked(f)&doubtful != 0 {
		return // what is there may be what comes after it
	}
	size := min(f.size, f.certain)
	for _, l := range lines {
		if l.offset+int64(len(l.text)) < size {
			l.noticed = time.Now()
		}
	}
}
