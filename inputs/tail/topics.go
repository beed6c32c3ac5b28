package tail

import (
	"cmp"
	"maps"
	"slices"
)

// TopicStats is how far the files of one topic are.
type TopicStats struct {
	Output string
	Topic  string
	Files  int // that are followed or drained
	Parked int // of them cannot be read
	// Backlog is the bytes that are there, as far as was seen, and not acked.
	Backlog int64
}

// Topics looks at every file: a tenth of a second for 100,000. It is safe for any
// goroutine.
func (in *Input) Topics() []TopicStats {
	in.mu.Lock()
	topics := maps.Clone(in.queues)
	for at, q := range topics {
		if !q.taken {
			delete(topics, at) // nothing leads there
		}
	}
	files := slices.Collect(maps.Values(in.files))
	active, parked := maps.Clone(in.active), maps.Clone(in.parked)
	in.mu.Unlock()
	all := map[destination]*TopicStats{}
	for t := range topics {
		all[t] = &TopicStats{Output: t.output, Topic: t.topic}
	}
	for _, f := range files {
		s := all[destination{f.queue.output, f.queue.topic}]
		if s == nil {
			continue // it is no longer followed
		}
		if active[f] {
			s.Files++
		}
		if _, ok := parked[f]; ok {
			s.Parked++
		}
		s.Backlog += f.backlog(active[f])
	}
	var out []TopicStats
	for _, s := range all {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b TopicStats) int {
		return cmp.Or(cmp.Compare(a.Output, b.Output), cmp.Compare(a.Topic, b.Topic))
	})
	return out
}

// TopicsAtRest is Topics for an Input that was made from a journal and is not run.
// It looks where each file is now, and how large; files that the journal does not
// know are not counted.
func (in *Input) TopicsAtRest() []TopicStats {
	x := in.explainer()
	x.ask = func(do func()) error { do(); return nil }
	for f := range in.active {
		now := f.facts(false)
		x.present(&now)
		f.mu.Lock()
		f.size = max(f.size, f.pos.off+now.Unread())
		f.mu.Unlock()
	}
	return in.Topics()
}

// backlog is how many bytes of f are not acked: those that were read, and if it
// is active those behind them.
func (f *file) backlog(active bool) int64 {
	acked, _ := f.queue.in.o.Journal.Acked(f.id)
	f.mu.Lock()
	defer f.mu.Unlock()
	end := f.pos.off
	if active {
		end = max(end, f.size+f.joined)
	}
	return max(0, end-acked)
}
