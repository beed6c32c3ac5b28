package notify

import (
	"slices"
	"time"

	"tailrace/inputs/tail/disk"
)

// Flood counts an event, and takes the watch away when there are too many.
func (w *Watcher) Flood(path string, now time.Time) {
	d := w.dirs[path]
	if d == nil {
		return
	}
	if now.Sub(d.since) > time.Second {
		d.count, d.since = 0, now
	}
	if d.count++; d.count > floodEvents && !d.flooded {
		w.w.Remove(path)
		d.flooded, d.count = true, 0
		w.floods++
	}
}

// Poll looks at the directories that are flooded, and watches those again that
// have calmed down: none of their files had data for a while, as busy says. It calls
// changed for those in which something may have happened, with what LeadsOn says.
func (w *Watcher) Poll(now time.Time, busy func(path string) bool, changed func(path string, leadsOn bool)) {
	if !w.Flooded() {
		return
	}
	var due []string
	for path, d := range w.dirs {
		if d.flooded && now.Sub(d.polled) >= floodLook {
			due = append(due, path)
		}
	}
	slices.Sort(due)
	for _, path := range due {
		d := w.dirs[path]
		d.polled = now
		if mtime, ok := disk.MtimeOf(path); ok && mtime != d.mtime {
			d.mtime, d.since = mtime, now
			changed(path, d.through)
		}
		if busy(path) {
			d.since = now
		}
		if now.Sub(d.since) > calmAfter {
			w.floods--
			delete(w.dirs, path)
			if w.Add(path) {
				w.dirs[path].through = d.through
			}
			changed(path, d.through)
		}
	}
}

// Flooded says that too much happens in some directory: see Poll.
func (w *Watcher) Flooded() bool { return w != nil && w.floods > 0 }
