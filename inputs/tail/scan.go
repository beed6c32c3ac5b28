package tail

import (
	"path/filepath"
	"time"
)

// scan looks at every directory that a pattern leads to, and at those where
// known files are. It is what correctness rests on: notification only makes
// it sooner.
func (in *Input) scan() {
	start := time.Now()
	wanted, through := map[string]bool{}, map[string]bool{}
	in.pats.walk(&in.disk, func(dir string) { wanted[dir] = true }, func(dir string) { through[dir] = true })
	for path, d := range in.dirs {
		if len(d.files) > 0 {
			wanted[path] = true
		} else if !wanted[path] {
			delete(in.dirs, path)
			delete(in.dirty, path)
		}
	}
	for _, path := range sortedKeys(wanted) {
		if !in.watch.add(path) {
			through[in.watch.above(path)] = true
		}
		in.look(path)
	}
	in.watch.keep(wanted, through)
	in.scans.Add(1)
	in.first = false
	in.scanCost = time.Since(start)
	in.stats.scanNanos.Add(int64(in.scanCost))
	in.nextScan = start.Add(max(scanEvery, 100*in.scanCost))
}

// scanSoon makes a scan, because there are new directories, unless scans take
// so long that it has to wait for a tick.
func (in *Input) scanSoon(now time.Time) {
	if now.Sub(in.lastScan) < 20*in.scanCost {
		in.nextScan = now
		return
	}
	in.lastScan = now
	in.scan()
}

// above is the nearest directory above path that exists, and is watched from
// now on: what is missing of path appears there first.
func (w *watcher) above(path string) string {
	for path != "/" {
		path = filepath.Dir(path)
		if w.add(path) {
			break
		}
	}
	return path
}

// keep ends the watch of all directories but these. Those of through are watched
// for new directories only.
func (w *watcher) keep(wanted, through map[string]bool) {
	if w == nil {
		return
	}
	for _, path := range sortedKeys(through) {
		if !w.add(path) {
			through[w.above(path)] = true
		}
	}
	for path, d := range w.dirs {
		d.through = !wanted[path]
		if !wanted[path] && !through[path] {
			w.remove(path)
		}
	}
}
