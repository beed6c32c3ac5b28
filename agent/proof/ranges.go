package proof

import "slices"

// State is what became of the records of a range.
type State string

// The states.
const (
	Delivered State = "delivered"    // in the topic, once, in order
	Missing   State = "missing"      // not in the topic
	Repeated  State = "repeated"     // more than once in it
	Different State = "different"    // in it with another value
	Shortened State = "shortened"    // only its beginning is in it
	Late      State = "out_of_order" // in it behind what was written later
	Shared    State = "shared"       // of a spare file: in it once, as what another file has
	Expired   State = "expired"      // not in it, but may have been: its beginning is deleted
)

// Range is bytes of a file whose records have one state, and are in one topic.
type Range struct {
	State      State
	Start, End int64
	Records    int64
	// At is the first of them in the topic; of those that are different or
	// shortened, what is there instead. Again is the last record of those that
	// are repeated. nil: there is none.
	At, Again *Place
}

// Found is what was found of a file.
type Found struct {
	Ranges []Range
	// Lanes have its records. Order is compared within each only.
	Lanes []Lane
}

// item is records that follow each other in a file, and have the same fate.
type item struct {
	start         int64
	count         int64
	hits          int32
	run           int32
	at, again     Place
	wrong         Place
	other, cut    bool
	expired, late bool
	shared        bool
}

// itemsMax bounds the items of a block: behind them one stands for all the rest.
const itemsMax = 1024

// summary joins the entries of b.
func (b *Block) summary() []item {
	var out []item
	for i := range b.entries {
		e := &b.entries[i]
		if n := len(out) - 1; n >= 0 {
			o := &out[n]
			if o.hits == min(e.hits, 2) && o.run == e.run && o.other == e.other && o.cut == e.cut && o.shared == e.shared {
				o.count++
				if e.hits > 1 {
					o.again = e.again
				}
				continue
			}
			if len(out) == itemsMax {
				o.worse(e)
				continue
			}
		}
		out = append(out, item{
			start: e.offset, count: 1, hits: min(e.hits, 2), run: e.run, at: e.at,
			again: e.again, wrong: e.wrong, other: e.other, cut: e.cut, shared: e.shared,
		})
	}
	return out
}

// worse adds an entry of another fate: the worst of them is that of all.
func (it *item) worse(e *entry) {
	it.count++
	switch {
	case e.hits == 0 && !e.other:
		it.hits, it.other, it.cut = 0, false, false
	case it.hits == 0 && !it.other:
	case e.other:
		it.other, it.cut, it.wrong = true, e.cut, e.wrong
	case e.hits > 1:
		it.hits, it.again = 2, e.again
	}
}

// summed is b as one item, when it was not looked at closer.
func (b *Block) summed() item {
	it := item{start: b.opens, count: int64(b.count), hits: min(b.seen, 2), at: b.at, again: b.again}
	if it.hits == 0 && b.File.spare {
		if o := b.twin(); o != nil {
			it.hits, it.at, it.shared = 1, o.at, true
		}
	}
	return it
}

// Strange is how many records name a path of the set and are of no file of it,
// as far as that could be told: of files that are gone, or came later.
func (s *Set) Strange() (n int64) {
	for _, p := range s.paths {
		n += p.told
		for _, f := range p.files {
			for _, b := range f.blocks {
				if b.known {
					n -= b.got
				} else {
					n -= int64(b.seen) * int64(b.count)
				}
			}
		}
	}
	return n
}

// Result says for each file, those of a path in the order in which they were
// added, what became of its records. begins is the first offset that each lane
// still has.
func (s *Set) Result(begins map[Lane]int64, give func(*File, Found)) {
	for _, p := range s.paths {
		p.result(begins, give)
	}
}

func (p *path) result(begins map[Lane]int64, give func(*File, Found)) {
	items := make([][]item, len(p.files))
	shipped := len(p.files)
	for n, f := range p.files {
		if f.spare {
			shipped = min(shipped, n)
		}
		for _, b := range f.blocks {
			if b.known {
				items[n] = append(items[n], b.items...)
			} else {
				items[n] = append(items[n], b.summed())
			}
		}
	}
	p.expire(items[:shipped], begins)
	order(items[:shipped])
	for n, f := range p.files {
		if f.spare {
			p.expire(items[n:n+1], begins)
		}
		give(f, Found{f.join(items[n]), lanes(items[n])})
	}
}

// lanes is where there are records.
func lanes(items []item) []Lane {
	var out []Lane
	for i := range items {
		if it := &items[i]; it.hits > 0 && !slices.Contains(out, it.at.Lane) {
			out = append(out, it.at.Lane)
		}
	}
	slices.SortFunc(out, Lane.compare)
	return out
}

// expire marks what is missing before all that is there, when that may be
// deleted in the topic.
func (p *path) expire(files [][]item, begins map[Lane]int64) {
	deleted := func(at *Place) bool {
		for lane, begin := range begins {
			if begin > 0 && slices.Contains(p.topics, lane.Topic) && (at == nil || at.Lane == lane) {
				return true
			}
		}
		return false
	}
	var missing []*item
	for _, items := range files {
		for i := range items {
			it := &items[i]
			if it.hits == 0 && !it.other && !it.cut {
				missing = append(missing, it)
				continue
			}
			at := it.at
			if it.hits == 0 {
				at = it.wrong
			}
			if deleted(&at) {
				mark(missing)
			}
			return
		}
	}
	if deleted(nil) {
		mark(missing)
	}
}

func mark(items []*item) {
	for _, it := range items {
		it.expired = true
	}
}

// order marks what came behind something that was written later.
func order(files [][]item) {
	next := map[Lane]int64{} // the least offset of what was written later
	for n := len(files) - 1; n >= 0; n-- {
		items := files[n]
		for i := len(items) - 1; i >= 0; i-- {
			it := &items[i]
			if it.hits == 0 {
				continue
			}
			least, any := next[it.at.Lane]
			it.late = any && it.at.Offset > least
			if !any || it.at.Offset < least {
				next[it.at.Lane] = it.at.Offset
			}
		}
	}
}

// join makes ranges of the items of f.
func (f *File) join(items []item) []Range {
	var out []Range
	at := f.from
	for i := range items {
		it := &items[i]
		end := f.to
		if i+1 < len(items) {
			end = items[i+1].start
		}
		r := Range{State: it.state(), Start: at, End: end, Records: it.count}
		switch {
		case r.State == Different || r.State == Shortened:
			r.At = &it.wrong
		case it.hits > 0:
			r.At = &it.at
		}
		if r.State == Repeated {
			r.Again = &it.again
		}
		at = end
		if n := len(out) - 1; n >= 0 && out[n].State == r.State && sameTopic(out[n].At, r.At) && (out[n].Start >= f.part || it.start < f.part) {
			out[n].End = end
			out[n].Records += r.Records
			out[n].Again = r.Again
			continue
		}
		out = append(out, r)
	}
	if at < f.to && len(items) == 0 {
		out = append(out, Range{State: Delivered, Start: at, End: f.to}) // nothing of it is to be shipped
	}
	return out
}

func sameTopic(a, b *Place) bool { return a == nil || b == nil || a.Topic == b.Topic }

func (it *item) state() State {
	switch {
	case it.other && it.cut && it.hits == 0:
		return Shortened
	case it.other:
		return Different
	case it.hits > 1:
		return Repeated
	case it.late:
		return Late
	case it.hits == 1 && it.shared:
		return Shared
	case it.hits == 1:
		return Delivered
	case it.expired:
		return Expired
	}
	return Missing
}
