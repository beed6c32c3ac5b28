// Package notify is told by the file system what happens in directories, and keeps
// away what is too much.
package notify

import (
	"errors"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/unix"

	"tailrace/inputs/tail/disk"
)

const (
	// floodEvents in one second are too many to be told of each: the
	// directory is polled until it is calm. An event costs 2 µs.
	floodEvents = 200
	floodLook   = 50 * time.Millisecond // between two looks at a flooded directory's mtime
	calmAfter   = 2 * time.Second
)

// Watcher is told by the file system what happens in directories. It only
// makes the input faster: nothing depends on it. A nil watcher is never told
// anything. It is for one goroutine.
type Watcher struct {
	log  *slog.Logger
	w    *fsnotify.Watcher
	dirs map[string]*watched
	// floods is how many of them are flooded: asked for at each turn of the
	// loop, and there may be ten thousands of directories.
	floods int
	short  bool // a directory could not be watched for lack of watches
	said   bool // that this was said
	// remote is disk.IsRemote.
	remote func(path string) bool
	told   bool // that there are remote directories
	adds   int  // how often a directory was watched that was not before
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

// New returns a watcher; nil, which is logged, when there can be none.
func New(log *slog.Logger) *Watcher {
	w, err := fsnotify.NewBufferedWatcher(1024)
	if err != nil {
		log.Warn("no notification by the file system: new lines are found by looking, which takes a second or more; raise fs.inotify.max_user_instances if it is used up", "error", err)
		return nil
	}
	return &Watcher{log: log, w: w, dirs: map[string]*watched{}, remote: disk.IsRemote}
}

// Events is what happens; nil, which blocks, of a nil watcher.
func (w *Watcher) Events() <-chan fsnotify.Event {
	if w == nil {
		return nil
	}
	return w.w.Events
}

// Errors is told when events were lost.
func (w *Watcher) Errors() <-chan error {
	if w == nil {
		return nil
	}
	return w.w.Errors
}

// Close ends all watches.
func (w *Watcher) Close() {
	if w != nil {
		w.w.Close()
	}
}

// Add watches a directory, and says whether it is watched.
func (w *Watcher) Add(path string) bool {
	if w == nil {
		return false
	}
	if w.dirs[path] != nil {
		return true
	}
	dev, ino := directory(path) // before it is watched: what comes later is noticed by DropSwitched
	err := w.w.Add(path)
	switch {
	case err == nil:
		d := &watched{since: time.Now(), remote: w.remote(path), dev: dev, ino: ino}
		w.dirs[path] = d
		w.adds++
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

// Adds counts the directories that were not watched before.
func (w *Watcher) Adds() int {
	if w == nil {
		return 0
	}
	return w.adds
}

// Begin is called before Add is for all directories.
func (w *Watcher) Begin() {
	if w != nil {
		w.short = false
	}
}

// Complete says that the file system tells what happens in any directory.
func (w *Watcher) Complete() bool {
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

// Has says that the directory is watched.
func (w *Watcher) Has(path string) bool { return w != nil && w.dirs[path] != nil }

// Sees says that the file system tells all that happens in the directory.
func (w *Watcher) Sees(path string) bool { return w.Has(path) && !w.dirs[path].remote }

// Tells says that each write to a file of the directory is an event.
func (w *Watcher) Tells(path string) bool {
	return w.Sees(path) && !w.dirs[path].flooded && !w.dirs[path].through
}

// Remove ends the watch of a directory.
func (w *Watcher) Remove(path string) {
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

// DropSwitched ends the watch of directories at whose path is another one now, and
// says whether there are such: a link was switched, or a file system mounted.
func (w *Watcher) DropSwitched() (any bool) {
	if w == nil {
		return false
	}
	for path, d := range w.dirs {
		if dev, ino := directory(path); dev != d.dev || ino != d.ino {
			w.Remove(path)
			any = true
		}
	}
	return any
}

// LeadsOn says that only new directories in the directory are of interest.
func (w *Watcher) LeadsOn(path string) bool { return w.Has(path) && w.dirs[path].through }

// Above is the nearest directory above path that exists, and is watched from
// now on: what is missing of path appears there first.
func (w *Watcher) Above(path string) string {
	for path != "/" {
		path = filepath.Dir(path)
		if w.Add(path) {
			break
		}
	}
	return path
}

// Keep ends the watch of all directories but these. Those of through are watched
// for new directories only.
func (w *Watcher) Keep(wanted, through map[string]bool) {
	if w == nil {
		return
	}
	for _, path := range slices.Sorted(maps.Keys(through)) {
		if !w.Add(path) {
			through[w.Above(path)] = true
		}
	}
	for path, d := range w.dirs {
		d.through = !wanted[path]
		if !wanted[path] && !through[path] {
			w.Remove(path)
		}
	}
}

// IsDir says that path is a directory, or a link to one.
func IsDir(path string) bool {
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
