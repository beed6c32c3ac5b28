package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// readTries is how often Read begins again because the agent made a new
// generation meanwhile.
const readTries = 10

// Read is the state that the journal in dir holds, and when it was last
// written to. It takes no lock and changes nothing, so that it may be called
// while an agent runs on dir: then it may lack what that agent has not written
// yet. A directory without a journal gives a fresh state and a zero time. The
// error says that dir, or the journal in it, cannot be read.
func Read(dir string) (State, time.Time, error) {
	for try := 1; ; try++ {
		noted := readLength(osDisk{}, dir) // before what it is the length of grows
		gens, err := generations(osDisk{}, dir)
		if err != nil {
			return State{}, time.Time{}, fmt.Errorf("state directory %s cannot be read: %w", dir, err)
		}
		if len(gens) == 0 {
			return State{Fresh: true}, time.Time{}, nil
		}
		at, err := writtenAt(generationName(dir, gens[len(gens)-1]))
		if err == nil {
			st := readState(dir, gens, noted)
			now, _ := generations(osDisk{}, dir)
			if st.Damaged == 0 || slices.Equal(now, gens) || try == readTries {
				return st, at, nil
			}
		} else if !errors.Is(err, fs.ErrNotExist) || try == readTries {
			return State{}, time.Time{}, fmt.Errorf("the journal cannot be read: %w", err)
		}
	}
}

// Holder is the process that holds the lock of dir, as it wrote into it; empty
// when none does. It looks at the kernel's list of locks, since trying to lock
// could keep an agent from starting.
func Holder(dir string) string {
	f, err := os.Open(lockName(dir))
	if err != nil {
		return ""
	}
	defer f.Close()
	var st unix.Stat_t
	if unix.Fstat(int(f.Fd()), &st) != nil {
		return ""
	}
	locks, err := os.ReadFile("/proc/locks")
	if err != nil || !held(string(locks), &st) {
		return ""
	}
	return holder(f)
}

// held says whether the file is locked by flock, as /proc/locks (proc_locks(5))
// has it: "1: FLOCK ADVISORY WRITE 708 08:01:4194337 0 EOF".
func held(locks string, st *unix.Stat_t) bool {
	id := fmt.Sprintf("%02x:%02x:%d", unix.Major(st.Dev), unix.Minor(st.Dev), st.Ino)
	for line := range strings.Lines(locks) {
		if f := strings.Fields(line); len(f) >= 6 && f[1] == "FLOCK" && f[3] == "WRITE" && f[5] == id {
			return true
		}
	}
	return false
}

// writtenAt is when the file was last written to, if it can be read.
func writtenAt(name string) (time.Time, error) {
	f, err := os.Open(name)
	if err != nil {
		return time.Time{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// readState is the state in the generations of dir, as a run that begins here
// and now would find it.
func readState(dir string, gens []uint64, noted length) State {
	l := load(osDisk{}, dir, gens, noted, slog.New(slog.DiscardHandler))
	found := l.found(place(dir, time.Now()))
	return found.state()
}
