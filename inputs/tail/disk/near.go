package disk

import (
	"errors"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// nearMax is how many names a search of the directories near one looks at.
const nearMax = 10_000

// Near lists the directories that a file of dir may have been moved to by a
// rotation: those below dir, two levels deep, and those beside dir; on the same
// file system, no more than nearMax names in all.
func (d *Disk) Near(dir string) []*Listing {
	s := nearSearch{disk: d, left: nearMax}
	parent, ok := filepath.Dir(dir), false
	if s.dev, ok = d.device(dir); !ok {
		s.dev, _ = d.device(parent)
	}
	s.below(dir, 2)
	if parent != dir {
		dirs, _ := d.Subdirs(parent, false)
		for _, name := range dirs {
			if path := filepath.Join(parent, name); path != dir {
				s.list(path)
			}
		}
	}
	return s.found
}

type nearSearch struct {
	disk  *Disk
	dev   uint64
	left  int // names
	found []*Listing
}

// below lists the directories in dir, and so on for depth levels.
func (s *nearSearch) below(dir string, depth int) {
	if depth == 0 {
		return
	}
	dirs, _ := s.disk.Subdirs(dir, false)
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
	l, err := s.disk.Snapshot(dir, nil, func(Entry) bool { return true })
	if err == nil || errors.Is(err, ErrUnrest) {
		s.left -= 1 + len(l.Files)
		s.found = append(s.found, l)
	}
}

// device is the number of the file system that the directory is on.
func (d *Disk) device(dir string) (uint64, bool) {
	var x unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, dir, unix.AT_SYMLINK_NOFOLLOW, unix.STATX_TYPE, &x)
	return unix.Mkdev(x.Dev_major, x.Dev_minor), err == nil
}
