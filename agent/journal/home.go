package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// errAstray is what becomes of a journal whose directory somebody removes,
// moves away or puts back from a backup: what is written is nowhere, and the
// next start would find nothing, or an older state.
var errAstray = errors.New("the files in use are no longer in it")

// checkHome sees whether the lock and the generation in use are still in the
// directory. If not, a new generation has to be made before anything else: all
// that is known is in memory.
func (j *Journal) checkHome() {
	if j.astray || j.out == nil || isAt(lockName(j.dir), j.lock) && j.o.disk.Is(generationName(j.dir, j.gen), j.out.file) {
		return
	}
	j.astray, j.must = true, true
	j.losing.check(fmt.Errorf("%s: %w", j.dir, errAstray))
}

// goHome makes the directory again, if need be, and takes its lock. It fails
// while another process has the directory: the two would repeat each other's
// lines.
func (j *Journal) goHome() error {
	if err := os.MkdirAll(j.dir, 0o750); err != nil {
		return err
	}
	if !isAt(lockName(j.dir), j.lock) {
		lock, err := lockDir(j.dir, j.o.now())
		if err != nil {
			return err
		}
		j.lock.Close() // the lock on what is no longer here
		j.lock = lock
	}
	gens, err := generations(j.o.disk, j.dir)
	if err != nil {
		return err
	}
	if len(gens) > 0 {
		j.gen = max(j.gen, gens[len(gens)-1]) // the highest number counts at the next start
	}
	was := j.here
	j.here = place(j.dir, j.o.now())
	j.here.Always, j.here.First, j.here.Hosts, j.here.LanesUp = was.Always, was.First, was.Hosts, was.LanesUp
	return nil
}

// isAt says that f is what is at name, or that it cannot be told.
func isAt(name string, f *os.File) bool {
	there, err := os.Stat(name)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR)
	}
	here, err := f.Stat()
	return err != nil || os.SameFile(here, there)
}
