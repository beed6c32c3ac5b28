package tail

import (
	"errors"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// nearMax is how many names a search of the directories near one looks at.
const nearMax = 10_000

// near lists the directories that a file of dir may have been moved to by a
// rotation: those below dir, two levels deep, and those beside dir; on the same
// file system, no more than nearMax names in all. It is done once in a look.
func (in *Input) near(dir string) []*listing {
	if found, ok := in.nearby[dir]; ok {
		return found
	}
	start := time.Now()
	s := nearSearch{disk: &in.disk, left: nearMax}
	parent, ok := filepath.Dir(dir), false
	if s.dev, ok = s.disk.device(dir); !ok {
		s.dev, _ = s.disk.device(parent)
	}
	s.below(dir, 2)
	if parent != dir {
		dirs, _ := s.disk.subdirs(parent, false)
		for _, name := range dirs {
			if path := filepath.Join(parent, name); path != dir {
				s.list(path)
			}
		}
	}
	in.nearby[dir] = s.found
	in.nearAgain = time.Now().Add(20 * time.Since(start))
	return s.found
}

// mayGoNear says whether a search for files that are missing in d may be made
// now. All of them take a twentieth of the time at most, but the first look at
// a directory waits for nothing.
func (in *Input) mayGoNear(d *dir, path string) bool {
	_, done := in.nearby[path]
	return done || d.prior == nil || in.first || !time.Now().Before(in.nearAgain)
}

type nearSearch struct {
	disk  *disk
	dev   uint64
	left  int // names
	found []*listing
}

// below lists the directories in dir, and so on for depth levels.
func (s *nearSearch) below(dir string, depth int) {
	if depth == 0 {
		return
	}
	dirs, _ := s.disk.subdirs(dir, false)
	for _, name := range dirs {
		s.list(filepath.Join(dir, name))
	}
	for _, name := range dirs {
		s.below(filepath.Join(dir, name), depth-1)
	}
}

func (s *nearSearch) list(dir string) {
	if s.left <= 0 {
		return
	}
	if dev, ok := s.disk.device(dir); !ok || dev != s.dev {
		return
	}
	// a file that is renamed meanwhile can hide from one listing
	l, err := s.disk.snapshot(dir, nil, func(entry) bool { return true })
	if err == nil || errors.Is(err, errUnrest) {
		s.left -= 1 + len(l.files)
		s.found = append(s.found, l)
	}
}

// device is the number of the file system that the directory is on.
func (d *disk) device(dir string) (uint64, bool) {
	var x unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, dir, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_TYPE, &x)
	return unix.Mkdev(x.Dev_major, x.Dev_minor), err == nil
}
