package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"tailrace/agent/journal"
)

const (
	// leastRoom is how many bytes the state should have: some times what it
	// grows to with 10,000 files.
	leastRoom = 64 << 20
	// leastNames is how many files it should be able to make.
	leastNames = 16
)

// state says whether the state directory can be used. Nothing is made.
func (r *report) state(dir string) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.stateToBe(dir)
		return
	case err != nil:
		r.problem("State directory %s: %v", dir, err)
		return
	case !info.IsDir():
		r.problem("State directory %s is a file: move it away, or set another state_dir", dir)
		return
	}
	if err := unix.Access(dir, unix.R_OK|unix.W_OK|unix.X_OK); err != nil {
		r.problem("State directory %s cannot be used by %s: %v (the packaged service has it to itself; this is about this user)", dir, userName(), err)
		return
	}
	if r.room(dir, dir) {
		r.line("State is kept in %s.", dir)
	}
	if who := journal.InUse(dir); who != "" {
		r.line("It is in use by %s: an agent that runs takes up the configuration when it is started again.", who)
	}
}

// stateToBe is about a state directory that the first start makes.
func (r *report) stateToBe(dir string) {
	parent := filepath.Dir(dir)
	for parent != "/" {
		if _, err := os.Stat(parent); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		parent = filepath.Dir(parent)
	}
	if err := unix.Access(parent, unix.W_OK|unix.X_OK); err != nil {
		r.problem("State directory %s cannot be made by %s: %s: %v (the packaged service makes it itself; this is about this user)", dir, userName(), parent, err)
		return
	}
	if r.room(dir, parent) {
		r.line("State is kept in %s, which the first start makes.", dir)
	}
}

// room says whether there is room for the state in dir, which is or will be on
// the file system of at.
func (r *report) room(dir, at string) bool {
	var st unix.Statfs_t
	if err := unix.Statfs(at, &st); err != nil {
		r.problem("State directory %s: %v", dir, err)
		return false
	}
	free := int64(st.Bavail) * st.Bsize
	switch {
	case st.Flags&unix.ST_RDONLY != 0:
		r.problem("State directory %s is on a file system that is mounted read-only", dir)
	case free < leastRoom:
		r.problem("State directory %s has %s left on its file system; make it %s: nothing is shipped while the state cannot be written",
			dir, mib(free), mib(leastRoom))
	case st.Files > 0 && st.Ffree < leastNames:
		r.problem("State directory %s is on a file system without free inodes: nothing is shipped while the state cannot be written", dir)
	default:
		return true
	}
	return false
}

func mib(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
