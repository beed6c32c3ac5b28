package tail

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/inputs/tail/record"
)

// Stats is what the input has seen since it started.
type Stats struct {
	Files, Open int               // files that are followed or drained; open descriptors
	Known       int               // identities that are kept, those of done files too
	Read        int64             // bytes that Next gave, those that were given back too
	Records     int64             // the same in records
	Scans       int64             // full scans
	ScanTime    time.Duration     // that they took, all together
	Nuls        int64             // bytes of holes that were skipped
	Again       int64             // bytes that came twice at most, since files were cut back
	Slips       int64             // files that got lines after their successor was begun
	Lost        map[string]int64  // bytes by cause
	Losses      []journal.Loss    // the same by path and cause, sorted
	Parked      map[string]string // why a file is not read, by its path
	Unlisted    map[string]string // why a directory cannot be listed, by its path
	Cut         record.Counts     // what was seen while cutting records
}

type counters struct {
	open, read, records, nuls, slips, again atomic.Int64
	scanNanos                               atomic.Int64

	cutMu sync.Mutex
	cut   record.Counts
}

// count adds up what was seen while cutting, or takes it back.
func (c *counters) count(n record.Counts, sign int64) {
	if n != (record.Counts{}) {
		c.cutMu.Lock()
		c.cut = c.cut.Plus(n, sign)
		c.cutMu.Unlock()
	}
}

// Stats is safe for any goroutine.
func (in *Input) Stats() Stats {
	in.mu.Lock()
	defer in.mu.Unlock()
	s := Stats{
		Files: len(in.active), Known: len(in.files), Open: int(in.stats.open.Load()),
		Read: in.stats.read.Load(), Records: in.stats.records.Load(),
		Scans: in.scans.Load(), ScanTime: time.Duration(in.stats.scanNanos.Load()),
		Nuls: in.stats.nuls.Load(), Slips: in.stats.slips.Load(), Again: in.stats.again.Load(),
		Lost: in.lost.Bytes(), Losses: in.lost.List(), Parked: map[string]string{}, Unlisted: maps.Clone(in.unlisted),
	}
	for f, p := range in.parked {
		s.Parked[f.path] = p.why
	}
	in.stats.cutMu.Lock()
	s.Cut = in.stats.cut
	in.stats.cutMu.Unlock()
	return s
}

// Status is one short sentence. It is safe for any goroutine.
func (in *Input) Status() string {
	s := in.Stats()
	text := fmt.Sprintf("following %s, %d open", flow.Count(int64(s.Files), "file"), s.Open)
	if n := len(s.Parked); n > 0 {
		text += fmt.Sprintf(", %d cannot be read", n)
	}
	var lost int64
	for _, n := range s.Lost {
		lost += n
	}
	if lost > 0 {
		text += ", " + flow.Count(lost, "byte") + " lost"
	}
	return text
}

// Alive reports whether Run's loop turns; a long scan may hold it up. It is
// safe for any goroutine.
func (in *Input) Alive() bool { return in.pulse.Age() < 6*flow.PulseEvery }

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
	x := facts{in, nil}.explainer()
	for f := range in.active {
		now := f.facts(false)
		x.Present(&now)
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
		end = max(end, f.end())
	}
	return max(0, end-acked)
}
