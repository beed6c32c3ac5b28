package lane

import "slices"

const modelTime = 1 // the model has no clock

// agentMoves are all that may happen to the agent now.
func (w *world) agentMoves(without rule, try func(name string, arg int, do func(*world))) {
	event := func(name string, arg int, make func(w *world) Event) {
		n := 0
		try(name, arg, func(w *world) { n = w.step(make(w), -1) })
		if w.crash == 0 {
			return
		}
		for k := 1; k < n; k++ {
			try(name+", killed after action", k, func(w *world) {
				w.step(make(w), k)
				w.crash--
				w.kill()
			})
		}
	}
	start := func(w *world) Event {
		c := Config{Window: w.h.window, without: without}
		if w.h.stamps {
			c.Stamp = func(Handle) int64 { return modelTime - 2*believed }
		}
		w.m = New(c)
		return w.startEvent()
	}
	switch {
	case w.m == nil && w.newLane() && !w.peeking:
		try("look for a first line", 0, (*world).peek)
		return
	case w.m == nil && w.newLane():
		if w.hw >= w.lookEnd || w.h.toHW {
			event("see whether there is one, and start", 0, func(w *world) Event { w.seeFirst(); return start(w) })
		}
		return
	case w.m == nil:
		event("start", 0, start)
		return
	}
	w.faults(try)
	w.replies(event)
	if w.journal.doubt && w.read == w.h.lines && !w.m.Settling() {
		try("be in doubt no more", 0, func(w *world) { w.write(sure{}) })
	}
	if w.m.Room() {
		for f := range w.h.lines {
			if w.known[f]&(1<<w.read[f]) != 0 {
				try("skip a line of file", f, skipLine(f))
				continue
			}
			for _, n := range w.h.cut {
				if left := w.unknown(f); left >= n || (left > 0 && n == w.h.cut[0]) {
					n = min(n, left)
					event("offer lines of file", f<<8|n, func(w *world) Event { return w.offerEvent(f, n) })
				}
			}
		}
	}
}

// faults are the ends of the agent that leave no trace of what it was doing.
func (w *world) faults(try func(name string, arg int, do func(*world))) {
	if w.crash > 0 {
		try("kill", 0, func(w *world) { w.crash--; w.kill() })
	}
	if w.lose > 0 && (w.h.hasty || w.looksUsed()) {
		try("lose the state directory", 0, func(w *world) {
			w.lose--
			w.journal = ledger{offset: -1, boot: w.boot}
			w.sync()
			w.kill()
		})
	}
	if len(w.pending) > 0 {
		try("sync", 0, (*world).sync)
	}
	for keep := 0; keep <= len(w.pending); keep++ {
		if w.power > 0 {
			try("power loss, records kept", keep, func(w *world) { w.power--; w.loseTail(keep, true); w.boot++ })
		}
		if w.rollback > 0 {
			try("roll back, records kept", keep, func(w *world) { w.rollback--; w.loseTail(keep, false) })
		}
	}
}

// replies are the answers to what the machine asked for.
func (w *world) replies(event func(name string, arg int, make func(w *world) Event)) {
	if w.asked {
		event("grant", 0, func(w *world) Event {
			w.asked = false
			w.nextPID++
			return Granted{PID: w.nextPID - 1}
		})
	}
	if w.dial != 0 {
		event("connect", 0, func(w *world) Event {
			w.links = append(w.links, link{gen: w.dial})
			w.dial = 0
			return Up{w.links[len(w.links)-1].gen}
		})
		if w.drop > 0 {
			event("fail to connect", 0, func(w *world) Event {
				gen := w.dial
				w.drop--
				w.dial = 0
				return Down{gen, Lost}
			})
		}
	}
	if w.timer && (w.m.state != Settle || w.quiet()) {
		event("timer", 0, func(w *world) Event { w.timer = false; return Timer{} })
	}
	if w.looking && (w.hw >= w.lookEnd || w.h.toHW) {
		event("read the partition", 0, (*world).readBack)
	}
	if w.looking && w.deny > 0 {
		event("must not read the partition", 0, func(w *world) Event { w.deny--; w.looking = false; return Unread{29} })
	}
	if w.asking {
		event("tell what is remembered", 0, func(w *world) Event { w.asking = false; return w.told })
		if w.deny > 0 {
			event("must not ask", 0, func(w *world) Event { w.deny--; w.asking = false; return Unasked{29} })
		}
	}
	if w.remake != 0 {
		event("make anew", 0, (*world).makeAnew)
	}
	for i, l := range w.links {
		if l.gen != 0 && len(l.reqs) > 0 && l.reqs[0].status == answered {
			event("answer of link", i, func(w *world) Event {
				l := &w.links[i]
				r := l.reqs[0]
				l.reqs = l.reqs[1:]
				return Answer{Gen: l.gen, Batch: r.Batch, Code: r.code, Offset: int64(r.offset)}
			})
		}
	}
}

// step gives the machine an event and carries out its actions, or the first
// stop of them, and returns how many there were.
func (w *world) step(e Event, stop int) int {
	w.own(e)
	actions := w.m.Step(modelTime, e)
	for i, a := range actions {
		if i == stop || (w.stop > 0 && i == w.stop) {
			break
		}
		w.carryOut(a)
	}
	n := len(w.m.window)
	for _, b := range w.m.rest {
		if w.m.find(b.Batch) < 0 {
			n++
		}
	}
	switch {
	case w.stop > 0:
		w.stop = 0
		w.crash--
		w.kill()
	case stop < 0 && (w.m.held.Batch != 0) && len(w.owned) != n+1, stop < 0 && w.m.held.Batch == 0 && len(w.owned) != n:
		w.problem("the driver holds %v, the machine %v", w.owned, w.m.window)
	}
	return len(actions)
}

// own notes the batches that an event gives to the machine.
func (w *world) own(e Event) {
	switch e := e.(type) {
	case Start:
		for _, u := range e.Unacked {
			w.owned = append(w.owned, u.Batch)
		}
	case Offer:
		w.owned = append(w.owned, e.Batch)
	case Remade:
		for _, p := range e.Parts {
			w.owned = append(w.owned, p.Batch)
		}
	case Found:
		for _, p := range e.Rest {
			if !slices.Contains(w.owned, p.Batch) {
				w.owned = append(w.owned, p.Batch)
			}
		}
	}
}

func (w *world) free(h Handle) {
	i := slices.Index(w.owned, h)
	if i < 0 {
		w.problem("batch %d is freed and was not held", h)
		return
	}
	w.owned = slices.Delete(w.owned, i, i+1)
}

func (w *world) carryOut(a Action) {
	switch a := a.(type) {
	case GetPID:
		w.asked = true
	case WriteIntent, WriteAck, WriteSplit, WriteSending:
		w.write(a)
	case WriteSettling:
		w.write(a)
		w.noteLinks()
	case WritePID:
		w.write(a)
		w.sync()
	case WriteRebind:
		if !w.h.rebinds {
			w.problem("a rebind: %v", a)
		}
		w.write(a)
		w.sync()
	case Report:
		if a.Kind == Repeats {
			for _, e := range w.journal.unacked {
				w.possible([]Bound{e.Bound})
			}
		}
	case Connect:
		w.dial = a.Gen
	case Send:
		i := slices.IndexFunc(w.links, func(l link) bool { return l.gen == a.Gen })
		if i < 0 {
			w.problem("send on a connection that is not open")
			return
		}
		w.links[i].reqs = append(w.links[i].reqs, request{Intent: a.Intent})
	case Close:
		if w.dial == a.Gen {
			w.dial = 0
		}
		w.closeLink(a.Gen)
	case Wait:
		w.timer = true
	case Look:
		w.looking, w.lookFrom, w.lookEnd = true, int(max(a.From, 0)), len(w.log)
	case AskProducer:
		w.asking, w.told = true, w.remembers(a.PID)
	case Remake:
		w.remake, w.how = a.Batch, a.How
	case Free:
		w.free(a.Batch)
	}
}

// possible notes lines that were said to be possible repeats.
func (w *world) possible(bs []Bound) {
	if !w.h.repeats {
		w.problem("possible repeats: %v", bs)
	}
	for _, b := range bs {
		f, from, to := b.Batch.span()
		for n := from; n < to; n++ {
			w.maybe[f] |= 1 << n
		}
	}
}

func (w *world) write(a Action) {
	w.journal.apply(a)
	if w.h.power+w.h.rollback == 0 {
		return
	}
	w.pending = append(w.pending, a)
}

func (w *world) sync() {
	w.pending = nil
	if w.h.power+w.h.rollback > 0 {
		w.disk = w.journal
		w.disk.unacked = slices.Clone(w.journal.unacked)
	}
}

// loseTail ends the agent and all of the journal behind the first keep records
// that are not synced. Lines that it then does not know of may come again when
// nothing tells that anything is missing.
func (w *world) loseTail(keep int, told bool) {
	read := w.read
	w.journal = w.disk
	w.journal.unacked = slices.Clone(w.disk.unacked)
	for _, a := range w.pending[:keep] {
		w.journal.apply(a)
	}
	// The machine was started since, whether that is told or not, and so the
	// journal is not believed in since when nothing was sent.
	w.journal.rests = false
	w.sync()
	for f, known := range w.journal.ends() {
		if told {
			break
		}
		for n := known; n < read[f]; n++ {
			w.maybe[f] |= 1 << n
		}
	}
	w.kill()
}

func (w *world) kill() {
	for _, l := range w.links {
		if l.gen != 0 {
			w.closeLink(l.gen)
			break
		}
	}
	w.m, w.asked, w.dial, w.timer, w.remake, w.read, w.owned = nil, false, 0, false, 0, [2]int{}, nil
	w.peeking, w.looking, w.lookFrom, w.lookEnd, w.doubted, w.known = false, false, 0, 0, false, [2]uint64{}
	w.asking, w.told = false, Remembered{}
}

// remembers is what the broker knows of a producer id, committed or not.
func (w *world) remembers(pid int64) (r Remembered) {
	for _, p := range w.ids {
		if n := len(p.batches); p.pid == pid && n > 0 {
			b := p.batches[n-1]
			r = Remembered{Known: true, Last: after(b.first, b.count-1), At: modelTime}
		}
	}
	return r
}

func (w *world) startEvent() Event {
	s := Start{Offset: w.journal.offset, Newest: modelTime, Sent: modelTime}
	if l := &w.journal; l.boot != w.boot {
		l.boot = w.boot
		if !l.doubt {
			l.doubt, l.from = true, l.offset
		}
		l.settling, l.rests = false, true
		w.noteLinks()
		w.sync() // with the next generation
	}
	switch l := &w.journal; {
	case l.doubt:
		s.Doubt, s.From, w.doubted = "boot", l.from, true
	case l.settling:
		s.Doubt, s.From = "settling", l.from
	}
	// When nothing is delivered any more, it is as long ago as one likes.
	if w.quiet() || s.Doubt != "" && w.waited() {
		s.Sent = modelTime - settleFor
	}
	w.read = w.journal.ends()
	for _, e := range w.journal.unacked {
		s.Unacked = append(s.Unacked, e.Intent)
		if e.old {
			s.Newest = modelTime - 2*believed
		}
		if e.PID == w.journal.warm && !w.h.notWarm {
			s.AckedAt = modelTime
		}
	}
	return s
}

// noteLinks notes which connections the wait is for that the journal tells of.
func (w *world) noteLinks() {
	for i := range w.links {
		w.links[i].noted = true
	}
}

// waited says that by the journal the wait is over: nothing that it is for is
// delivered any more.
func (w *world) waited() bool {
	return w.journal.rests && !slices.ContainsFunc(w.links, func(l link) bool { return l.noted })
}

func (w *world) offerEvent(f, n int) Event {
	from := w.read[f]
	w.read[f] += n
	return Offer{Batch: handle(f, from, from+n), Count: int32(n)}
}

// sure and skip are records of the driver's own: the doubt is over, and a line
// is in the partition already.
type (
	sure struct{}
	skip struct{ file, line int }
)

// unknown is how many lines of a file there are to offer before one that is in
// the partition.
func (w *world) unknown(f int) int {
	n := w.read[f]
	for n < w.h.lines[f] && w.known[f]&(1<<n) == 0 {
		n++
	}
	return n - w.read[f]
}

func skipLine(f int) func(*world) {
	return func(w *world) {
		w.read[f]++
		w.write(skip{f, w.read[f] - 1})
	}
}

// quiet says that no old connection delivers any more.
func (w *world) quiet() bool {
	return !slices.ContainsFunc(w.links, func(l link) bool { return l.gen == 0 })
}

// readBack finds the un-acked batches by their numbers; in doubt it notes the
// lines too, since more was sent than the journal tells.
func (w *world) readBack() Event {
	end := w.lookEnd
	if w.h.toHW {
		end = min(end, w.hw)
	}
	there := map[number]bool{}
	for i := w.lookFrom; i < end; i++ {
		there[w.numbers[i]] = true
		if l := w.log[i]; w.doubted && l != other {
			w.known[l>>8] |= 1 << (l & 0xff)
		}
	}
	var f Found
	for _, b := range w.m.window {
		f.Rest = append(f.Rest, w.missing(b, there)...)
	}
	w.looking, w.lookFrom, w.lookEnd = false, 0, 0
	if w.h.forgets && w.doubted {
		w.write(sure{})
	}
	return f
}

// missing is the parts of a batch that are not there.
func (w *world) missing(b batch, there map[number]bool) (ms []Missing) {
	f, from, to := b.Batch.span()
	for n := from; n < to; n++ {
		if there[number{w.m.pid, after(b.First, int32(n-from))}] {
			continue
		}
		if i := len(ms) - 1; i >= 0 {
			if _, first, end := ms[i].Batch.span(); end == n {
				ms[i].Part = Part{handle(f, first, n+1), ms[i].Count + 1}
				continue
			}
		}
		ms = append(ms, Missing{Part: Part{handle(f, n, n+1), 1}})
	}
	if len(ms) == 1 && ms[0].Count == b.Count {
		ms[0].Batch = b.Batch
	}
	return ms
}

// makeAnew halves a batch, or gives it another handle.
func (w *world) makeAnew() Event {
	f, from, to := w.remake.span()
	r := Remade{Batch: w.remake}
	if w.how == Halve {
		mid := (from + to + 1) / 2
		r.Parts = []Part{{handle(f, from, mid), int32(mid - from)}, {handle(f, mid, to), int32(to - mid)}}
	} else {
		r.Parts = []Part{{w.remake ^ 1<<25, int32(to - from)}}
	}
	w.remake = 0
	return r
}

// ends are where reading goes on.
func (l *ledger) ends() [2]int {
	ends := l.pos
	for _, e := range l.unacked {
		f, _, to := e.Batch.span()
		ends[f] = max(ends[f], to)
	}
	return ends
}

// apply is what a record means.
func (l *ledger) apply(a Action) {
	at := func(first int32) int {
		return slices.IndexFunc(l.unacked, func(e entry) bool { return e.First == first })
	}
	bind := func(pid int64, bs []Bound) (es []entry) {
		for _, b := range bs {
			es = append(es, entry{Intent: Intent{Bound: b, PID: pid}})
		}
		return es
	}
	switch a := a.(type) {
	case WritePID:
		l.used = true
	case WriteIntent:
		l.unacked = append(l.unacked, bind(a.PID, []Bound{a.Bound})...)
	case WriteAck:
		n := at(a.First) + 1
		for _, e := range l.unacked[:n] {
			f, _, to := e.Batch.span()
			l.pos[f] = max(l.pos[f], to)
			l.warm = e.PID
		}
		l.unacked = l.unacked[n:]
		l.offset = max(l.offset, a.Offset)
	case WriteSplit:
		if i := at(a.First); i >= 0 {
			l.unacked = slices.Replace(l.unacked, i, i+1, bind(a.PID, a.Into)...)
		}
	case skip:
		l.pos[a.file] = max(l.pos[a.file], a.line+1)
	case sure:
		l.doubt, l.settling, l.rests = false, false, false
	case WriteSettling:
		l.from = min(l.from, a.From)
		if !l.doubt {
			l.settling, l.from = true, a.From
		}
		l.rests = true
	case WriteSending:
		l.settling, l.rests = false, false
	case WriteRebind:
		for _, e := range l.unacked { // what is released and not in Into is acked
			f, _, to := e.Batch.span()
			if !overlap(e.Batch, a.Into) {
				l.pos[f] = max(l.pos[f], to)
			}
		}
		l.unacked, l.used = bind(a.PID, a.Into), true
		l.settling, l.rests = false, l.rests && l.doubt
	}
}

func overlap(h Handle, in []Bound) bool {
	f, from, to := h.span()
	return slices.ContainsFunc(in, func(b Bound) bool {
		g, begin, end := b.Batch.span()
		return f == g && begin < to && from < end
	})
}
