package tail

import (
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"tailrace/inputs/tail/notify"
)

// What the file system tells: it only makes looks come sooner.

// changedIn is called when something may have happened in a directory; leadsOn is as
// the watcher has it.
func (in *Input) changedIn(path string, leadsOn bool) {
	if leadsOn {
		in.scan.dirs = true
		return
	}
	in.touched(path)
}

// busyDir says that a file of the directory had data a moment ago.
func (in *Input) busyDir(path string) bool {
	for f := range in.hot {
		if in.links.Home(f.now) == path {
			return true
		}
	}
	return false
}

// event sees to what the file system told, and to what waits behind it.
func (in *Input) event(ev fsnotify.Event) {
	now := time.Now()
	for n := 0; ; n++ {
		in.oneEvent(ev, now)
		if n == 1000 {
			break
		}
		select {
		case ev = <-in.watch.Events():
			continue
		default:
		}
		break
	}
	in.lookDirty(now)
}

func (in *Input) oneEvent(ev fsnotify.Event, now time.Time) {
	dir := filepath.Dir(ev.Name)
	in.watch.Flood(dir, now)
	if ev.Op&(fsnotify.Create|fsnotify.Remove|fsnotify.Rename) != 0 {
		if ev.Op&fsnotify.Create == 0 && in.watch.Has(ev.Name) {
			in.watch.Remove(ev.Name) // a directory is gone
			in.scanSooner()
			in.findDirs(now) // there may be another one, or is soon
		}
		if ev.Op&fsnotify.Create != 0 && notify.IsDir(ev.Name) {
			in.findDirs(now) // what is in it may match
		}
		if !in.watch.LeadsOn(dir) {
			in.touched(dir)
		}
		return
	}
	if ev.Op&(fsnotify.Write|fsnotify.Chmod) == 0 {
		return
	}
	f := in.fileAt(in.links.To(ev.Name))
	if f == nil {
		if in.pats.Match(ev.Name) >= 0 {
			in.touched(dir)
		}
		return
	}
	if f.wrong != nil {
		in.tryAgain(f)
	}
	in.written(f)
}

// watchFailed is told that notifications were lost.
func (in *Input) watchFailed(err error) {
	in.log.Debug("file system notification", "error", err)
	in.scan.next = time.Time{}
	in.tick()
}
