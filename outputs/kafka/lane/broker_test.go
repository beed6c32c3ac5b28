package lane

import "slices"

// brokerMoves are all that the broker and its network may do now.
func (w *world) brokerMoves(try func(name string, arg int, do func(*world))) {
	for i, l := range w.links {
		if slices.ContainsFunc(l.reqs, func(r request) bool { return r.status == queued }) {
			try("take a request of link", i, func(w *world) { w.take(i, 0) })
			if w.refuse > 0 {
				try("refuse a request of link", i, func(w *world) { w.refuse--; w.take(i, w.refusal()) })
			}
			if w.fail > 0 {
				try("append and fail a request of link", i, func(w *world) { w.fail--; w.take(i, 7) })
			}
		}
		if l.gen != 0 && w.drop > 0 {
			try("lose link", i, func(w *world) {
				w.drop--
				gen := w.links[i].gen
				w.closeLink(gen)
				w.step(Down{Gen: gen, Code: Lost}, -1)
			})
		}
	}
	if w.hw < len(w.log) {
		try("commit", 0, (*world).commit)
	}
	w.brokerFaults(try)
}

func (w *world) brokerFaults(try func(name string, arg int, do func(*world))) {
	if w.failover > 0 {
		for _, at := range w.ends() {
			try("fail over to a log that ends at", at, func(w *world) { w.failover--; w.failTo(at, w.h.window) })
		}
		if w.restart > 0 {
			try("fail over to a restarted replica that has it all", 0, func(w *world) {
				w.failover--
				w.restart--
				w.failTo(len(w.log), 1)
			})
		}
	}
	if w.restart > 0 && slices.ContainsFunc(w.ids, func(p producer) bool { return p.known > 1 }) {
		try("restart the broker", 0, func(w *world) {
			w.restart--
			for i := range w.ids {
				w.ids[i].known = min(w.ids[i].known, 1)
			}
		})
	}
	if w.h.stamps && w.forget > 0 && len(w.ids) > 0 {
		try("forget all producer ids by their timestamps", 0, func(w *world) { w.forget--; w.ids = nil })
	}
	if w.m == nil && len(w.links) == 0 && len(w.ids) > 0 {
		if w.forget > 0 {
			try("forget all producer ids", 0, func(w *world) { w.forget--; w.ids = nil; w.growOld() })
		}
		if w.age > 0 {
			try("be down for long", 0, func(w *world) { w.age--; w.growOld() })
		}
	}
	for i, l := range w.links {
		if w.m != nil && w.m.state == Settle && l.gen == 0 {
			try("never deliver the rest of link", i, func(w *world) { w.links = slices.Delete(w.links, i, i+1) })
		}
	}
	if w.lower > 0 && w.limit > 1 {
		try("lower the limit", 0, func(w *world) { w.lower--; w.limit = 1 })
	}
	if w.raise > 0 && w.limit < 99 {
		try("raise the limit", 0, func(w *world) { w.raise--; w.limit = 99 })
	}
}

// growOld makes the journal old.
func (w *world) growOld() {
	for _, l := range []*ledger{&w.disk, &w.journal} {
		for i := range l.unacked {
			l.unacked[i].old = true
		}
	}
}

// refusal is the code that a request is refused with.
func (w *world) refusal() int16 {
	if w.chance == nil || len(w.h.codes) == 0 {
		return 19
	}
	return w.h.codes[w.chance.IntN(len(w.h.codes))]
}

// take works on the oldest queued request of a link, or fails it: with 7 after
// the append, else before it.
func (w *world) take(i int, code int16) {
	l := &w.links[i]
	r := &l.reqs[slices.IndexFunc(l.reqs, func(r request) bool { return r.status == queued })]
	r.status, r.code, r.offset = answered, code, -1
	if code == 0 || code == 7 {
		w.append(r)
		if code != 0 && r.status == appended {
			r.status, r.code = answered, code
		}
	}
	if w.h.failover == 0 {
		w.commit()
	}
	w.tidy()
}

// append is the broker's: size, repeat, order, in this order.
func (w *world) append(r *request) {
	p := w.producer(r.PID)
	switch {
	case int(r.Count) > w.limit:
		r.code = 10
		return
	case p.find(r) >= 0:
		r.offset = p.find(r)
		if r.offset >= w.hw {
			r.status = appended
		}
		return
	case len(p.batches) > 0:
		if s := p.batches[len(p.batches)-1]; r.First != after(s.first, s.count) {
			r.code = 45
			return
		}
	}
	r.status, r.offset = appended, len(w.log)
	p.batches = append(p.batches, stored{r.First, r.Count, len(w.log)})
	p.known = min(p.known+1, w.h.window)
	f, from, to := r.Batch.span()
	for n := from; n < to; n++ {
		w.log = append(w.log, line(f<<8|n))
		w.numbers = append(w.numbers, number{r.PID, after(r.First, int32(n-from))})
	}
}

func (w *world) producer(pid int64) *producer {
	i := slices.IndexFunc(w.ids, func(p producer) bool { return p.pid == pid })
	if i < 0 {
		w.ids = append(w.ids, producer{pid: pid})
		i = len(w.ids) - 1
	}
	return &w.ids[i]
}

// find is the offset of the same batch among those remembered, or -1.
func (p *producer) find(r *request) int {
	for _, s := range p.batches[len(p.batches)-p.known:] {
		if s.first == r.First && s.count == r.Count {
			return s.offset
		}
	}
	return -1
}

// commit moves the high watermark to the end, which answers what waited.
func (w *world) commit() {
	w.hw = len(w.log)
	for i := range w.links {
		for j := range w.links[i].reqs {
			if r := &w.links[i].reqs[j]; r.status == appended {
				r.status = answered
			}
		}
	}
	w.check()
}

// ends are where the log of a new leader may end.
func (w *world) ends() []int {
	ends := []int{len(w.log)}
	for _, p := range w.ids {
		for _, s := range p.batches {
			if s.offset >= w.hw {
				ends = append(ends, s.offset)
			}
		}
	}
	slices.Sort(ends)
	return slices.Compact(ends)
}

// failTo makes a replica the leader whose log ends at end, and which remembers
// so many batches of a producer id. What waited for the old one is answered
// with NOT_LEADER. What is queued may arrive at the new one all the same:
// leadership can move back.
func (w *world) failTo(end, window int) {
	w.log, w.numbers = w.log[:end], w.numbers[:end]
	w.lookEnd = min(w.lookEnd, end) // the new leader is asked again
	for i := range w.ids {
		p := &w.ids[i]
		p.batches = slices.DeleteFunc(p.batches, func(s stored) bool { return s.offset >= end })
		p.known = min(len(p.batches), window)
	}
	for i := range w.links {
		for j := range w.links[i].reqs {
			if r := &w.links[i].reqs[j]; r.status == appended {
				r.status, r.code, r.offset = answered, 6, -1
			}
		}
	}
	w.tidy()
}

// closeLink takes the agent's end away: its answers go nowhere. What the
// broker has not taken yet it may still take, any time later or never.
func (w *world) closeLink(gen int) {
	for i := range w.links {
		if w.links[i].gen == gen {
			w.links[i].gen = 0
		}
	}
	w.tidy()
}

func (w *world) tidy() {
	for i := range w.links {
		if l := &w.links[i]; l.gen == 0 {
			l.reqs = slices.DeleteFunc(l.reqs, func(r request) bool { return r.status != queued })
		}
	}
	w.links = slices.DeleteFunc(w.links, func(l link) bool { return l.gen == 0 && len(l.reqs) == 0 })
}
