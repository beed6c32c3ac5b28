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
	if w.m == nil {
		event("start", 0, func(w *world) Event {
			w.m = New(Config{Window: w.h.window, without: without})
			return w.startEvent()
		})
		return
	}
	w.faults(try)
	w.replies(event)
	if w.m.Room() {
		for f := range w.h.lines {
			for _, n := range w.h.cut {
				if left := w.h.lines[f] - w.read[f]; left >= n || (left > 0 && n == w.h.cut[0]) {
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
	if len(w.pending) > 0 {
		try("sync", 0, (*world).sync)
	}
	for keep := 0; keep <= len(w.pending); keep++ {
		if w.power > 0 {
			try("power loss, records kept", keep, func(w *world) { w.power--; w.loseTail(keep); w.boot++ })
		}
		if w.rollback > 0 {
			try("roll back, records kept", keep, func(w *world) { w.rollback--; w.loseTail(keep) })
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
	if w.timer {
		event("timer", 0, func(w *world) Event { w.timer = false; return Timer{} })
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
	switch n := len(w.m.window); {
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
	case WriteIntent, WriteAck, WriteSplit:
		w.write(a)
	case WritePID:
		w.sync()
	case WriteRebind:
		w.write(a)
		w.sync()
		if a.Cause != "" {
			w.possible(a.Into)
		}
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
	case Remake:
		w.remake, w.how = a.Batch, a.How
	case Free:
		w.free(a.Batch)
	}
}

// possible notes lines that were said to be possible repeats.
func (w *world) possible(bs []Bound) {
	if !w.h.rebinds {
		w.problem("a rebind: %v", bs)
	}
	for _, b := range bs {
		f, from, to := b.Batch.span()
		for n := from; n < to; n++ {
			w.maybe[f] |= 1 << n
		}
	}
}

func (w *world) write(a Action) {
	w.journal.apply(a, w.boot)
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
// that are not synced. Lines that it then does not know of may come again:
// without reading the partition back, nobody can tell.
func (w *world) loseTail(keep int) {
	read := w.read
	w.journal = w.disk
	w.journal.unacked = slices.Clone(w.disk.unacked)
	for _, a := range w.pending[:keep] {
		w.journal.apply(a, w.boot)
	}
	w.sync()
	for f, known := range w.journal.ends() {
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
}

func (w *world) startEvent() Event {
	s := Start{Offset: w.journal.offset, Newest: modelTime}
	if w.aged {
		s.Newest, w.aged = modelTime-2*believed, false
	}
	w.read = w.journal.ends()
	for _, e := range w.journal.unacked {
		s.Unacked = append(s.Unacked, e.Intent)
		if e.boot != w.boot {
			s.Doubt = "boot"
		}
		if e.PID == w.journal.warm && !w.h.notWarm {
			s.AckedAt = modelTime
		}
	}
	return s
}

func (w *world) offerEvent(f, n int) Event {
	from := w.read[f]
	w.read[f] += n
	return Offer{Batch: handle(f, from, from+n), Count: int32(n)}
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
func (l *ledger) apply(a Action, boot uint8) {
	at := func(first int32) int {
		return slices.IndexFunc(l.unacked, func(e entry) bool { return e.First == first })
	}
	bind := func(pid int64, bs []Bound) (es []entry) {
		for _, b := range bs {
			es = append(es, entry{Intent{Bound: b, PID: pid}, boot})
		}
		return es
	}
	switch a := a.(type) {
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
	case WriteRebind:
		l.unacked = bind(a.PID, a.Into)
	}
}
