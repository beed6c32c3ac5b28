package tail

import (
	"sync/atomic"
	"time"

	"tailrace/agent/flow"
	"tailrace/agent/journal"
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
}

type counters struct {
	open, read, records, nuls, slips, again atomic.Int64
	scanNanos                               atomic.Int64
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
		Lost: in.lost.Bytes(), Losses: in.lost.List(), Parked: map[string]string{},
	}
	for f, p := range in.parked {
		s.Parked[f.path] = p.why
	}
	return s
}
