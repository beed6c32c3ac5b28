package tail

import (
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/unix"
)

const (
	// floodEvents in one second are too many to be told of each: the
	// directory is polled until it is calm. An event costs 2 µs.
	floodEvents = 200
	floodLook   = 50 * time.Millisecond // between two looks at a flooded directory's mtime
	calmAfter   = 2 * time.Second
)

// watcher is told by the file system what happens in directories. It only
// makes the input faster: nothing depends on it. A nil watcher is never told
// anything. It belongs to Run.
type watcher struct {
	log  *slog.Logger
	w    *fsnotify.Watcher
	dirs map[string]*watched
	// floods is how many of them are flooded: asked for at each turn of the
	// loop, and there may be ten thousands of directories.
	floods int
	short  bool // a directory could not be watched for lack of watches
	said   bool // that this was said
	// remote is isRemote.
	remote func(path string) bool
	told   bool // that there are remote directories
}

// watched is one directory and how busy it is.
type watched struct {
	count   int // events since
	since   time.Time
	flooded bool // not watched for now, but polled
	through bool // only new directories in it are of interest
	remote  bool // others may write to it, who are not told of
	// dev and ino are those of the directory; a link may lead to another one later.
	dev, ino uint64
	polled   time.Time
	mtime    int64
}

func newWatcher(log *slog.Logger) *watcher {
	w, err := fsnotify.NewBufferedWatcher(1024)
	if err != nil {
		log.Warn("no notification by the file system: new lines are found by looking, which takes a second or more; raise fs.inotify.max_user_instances if it is used up", "error", err)
		return nil
	}
	return &watcher{log: log, w: w, dirs: map[string]*watched{}, remote: isRemote}
}

func (w *watcher) events() <-chan fsnotify.Event {
	if w == nil {
		return nil
	}
	return w.w.Events
}

func (w *watcher) errors() <-chan error {
	if w == nil {
		return nil
	}
	return w.w.Errors
}

func (w *watcher) close() {
	if w != nil {
		w.w.Close()
	}
}

// add watches a directory, and says whether it is watched.
func (w *watcher) add(path string) bool {
	if w == nil {
		return false
	}
	if w.dirs[path] != nil {
		return true
	}
	dev, ino := directory(path) // before it is watched: what comes later is noticed by dropSwitched
	err := w.w.Add(path)
	switch {
	case err == nil:
		d := &watched{since: time.Now(), remote: w.remote(path), dev: dev, ino: ino}
		w.dirs[path] = d
		if d.remote && !w.told {
			w.told = true
			w.log.Info("what other hosts write to a network file system is found by looking, which takes a second or more", "path", path)
		}
		return true
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EMFILE):
		if !w.said {
			w.log.Warn("not all directories can be watched: new lines in the others are found by looking, which takes a second or more; raise fs.inotify.max_user_watches", "path", path, "error", err)
		}
		w.short, w.said = true, true
	}
	return false
}

// begin is called before add is for all directories.
func (w *watcher) begin() {
	if w != nil {
		w.short = false
	}
}

// complete says that the file system tells what happens in any directory.
func (w *watcher) complete() bool {
	if w == nil || w.short {
		return false
	}
	for _, d := range w.dirs {
		if d.remote {
			return false
		}
	}
	return true
}

// has says that the directory is watched.
func (w *watcher) has(path string) bool { return w != nil && w.dirs[path] != nil }

// sees says that the file system tells all that happens in the directory.
func (w *watcher) sees(path string) bool { return w.has(path) && !w.dirs[path].remote }

// tells says that each write to a file of the directory is an event.
func (w *watcher) tells(path string) bool {
	return w.sees(path) && !w.dirs[path].flooded && !w.dirs[path].through
}

func (w *watcher) remove(path string) {
	if w == nil || w.dirs[path] == nil {
		return
	}
	if w.dirs[path].flooded {
		w.floods--
	} else {
		w.w.Remove(path) // fails when the directory is gone, which is as good
	}
	delete(w.dirs, path)
}

// dropSwitched ends the watch of directories at whose path is another one now: a
// link was switched.
func (w *watcher) dropSwitched() {
	if w == nil {
		return
	}
	for path, d := range w.dirs {
		if dev, ino := directory(path); dev != d.dev || ino != d.ino {
			w.remove(path)
		}
	}
}

// flood counts an event, and takes the watch away when there are too many.
func (w *watcher) flood(path string, now time.Time) {
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

// poll looks at the directories that are flooded, and watches those again that
// have calmed down: none of their files had data for a while.
func (w *watcher) poll(in *Input, now time.Time) {
	if !w.anyFlooded() {
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
		var x unix.Statx_t
		if unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_MTIME, &x) == nil && nanos(x.Mtime) != d.mtime {
			d.mtime, d.since = nanos(x.Mtime), now
			w.changed(in, path, d)
		}
		if in.busyDir(path) {
			d.since = now
		}
		if now.Sub(d.since) > calmAfter {
			w.floods--
			delete(w.dirs, path)
			if w.add(path) {
				w.dirs[path].through = d.through
			}
			w.changed(in, path, d)
		}
	}
}

// changed is called when something may have happened in a flooded directory.
func (w *watcher) changed(in *Input, path string, d *watched) {
	if d.through {
		in.scan.dirs = true
		return
	}
	in.touched(path)
}

func (w *watcher) anyFlooded() bool { return w != nil && w.floods > 0 }

// busyDir says that a file of the directory had data a moment ago.
func (in *Input) busyDir(path string) bool {
	for f := range in.hot {
		if in.targets.home(f.now) == path {
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
		case ev = <-in.watch.events():
			continue
		default:
		}
		break
	}
	in.lookDirty(now)
}

func (in *Input) oneEvent(ev fsnotify.Event, now time.Time) {
	dir := filepath.Dir(ev.Name)
	in.watch.flood(dir, now)
	if ev.Op&(fsnotify.Create|fsnotify.Remove|fsnotify.Rename) != 0 {
		if ev.Op&fsnotify.Create == 0 && in.watch.dirs[ev.Name] != nil {
			in.watch.remove(ev.Name) // a directory is gone
			in.scanSooner()
		}
		if ev.Op&fsnotify.Create != 0 && isDir(ev.Name) {
			in.findDirs(now) // what is in it may match
		}
		if d := in.watch.dirs[dir]; d == nil || !d.through {
			in.touched(dir)
		}
		return
	}
	if ev.Op&(fsnotify.Write|fsnotify.Chmod) == 0 {
		return
	}
	path := in.targets.to(ev.Name)
	f := in.at(filepath.Dir(path), path)
	if f == nil {
		if in.pats.match(ev.Name) >= 0 {
			in.touched(dir)
		}
		return
	}
	if f.wrong != nil {
		in.tryAgain(f)
	}
	in.written(f)
}

// isDir says that path is a directory, or a link to one.
func isDir(path string) bool {
	_, ino := directory(path)
	return ino != 0
}

// directory is the identity of the directory at path, or behind a link there; 0
// when there is none.
func directory(path string) (dev, ino uint64) {
	var x unix.Stat_t
	if unix.Stat(path, &x) != nil || x.Mode&unix.S_IFMT != unix.S_IFDIR {
		return 0, 0
	}
	return x.Dev, x.Ino
}

// watchFailed is told that notifications were lost.
func (in *Input) watchFailed(err error) {
	in.log.Debug("file system notification", "error", err)
	in.scan.next = time.Time{}
	in.tick()
}
