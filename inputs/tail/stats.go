package tail

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/inputs/tail/record"
)

// Journal is where identities are kept over restarts.
type Journal interface {
	// Write records what must be on file before what follows from it.
	Write(recs ...journal.Record) error
	// WriteSync is Write, and all that was recorded so far survives a power cut.
	WriteSync(recs ...journal.Record) error
	// Note records what may come later, and never fails.
	Note(recs ...journal.Record)
	// Acked is the position up to which the file's lines are acked.
	Acked(id flow.FileID) (int64, flow.Mark)
	// NewFile is the next unused id.
	NewFile() flow.FileID
	// Ladder is places below the position by which it is known again.
	Ladder(id flow.FileID) journal.Ladder
	// Reading is the number of a way in which bytes are cut into records, and
	// is on file before any span that names it.
	Reading(spec string) int
}

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
