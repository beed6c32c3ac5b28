package tail

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// away says that f, which is not in its directory, may be on a file system that
// is not mounted now: the directory, or what is left of the way to it, is on
// another device than it was when a known file was last found there. Then f is
// neither gone nor lost; it waits. A file at its path ends that.
//
// Before anything was found there in this run the device of the file counts. It
// may have another number since a reboot, which other files of it tell; and on
// overlayfs it is not that of the directory.
func (in *Input) away(f *file, d *dir, l *listing) bool {
	if l.has(filepath.Base(f.path)) {
		return false
	}
	dev, overlay := in.disk.mountOf(l.dir)
	was := d.dev
	if was == 0 && !overlay && !in.renumbered[f.dev] {
		was = f.dev
	}
	away := dev != 0 && was != 0 && dev != was
	f.mu.Lock()
	f.away = away
	f.mu.Unlock()
	if away {
		in.warnOnce("away:"+l.dir, "files are not read: the file system that they are on is not mounted; they are read on when it is", "directory", l.dir)
	}
	return away
}

// onDevice notes which device the directory d at path is on, where a known file
// was found.
func (in *Input) onDevice(d *dir, path string) {
	if dev, _ := in.disk.mountOf(path); dev != 0 {
		d.dev = dev
	}
	delete(in.warned, "away:"+path)
}

// mountOf is the number of the device that the directory, or the nearest above it
// that exists, is on; 0 when that cannot be told. overlay says that it is on
// overlayfs.
func (d *disk) mountOf(dir string) (dev uint64, overlay bool) {
	for {
		if d.enter("stat", dir) != nil {
			return 0, false
		}
		var x unix.Statx_t
		err := unix.Statx(unix.AT_FDCWD, dir, 0, unix.STATX_BASIC_STATS, &x)
		if err == nil {
			var fs unix.Statfs_t
			overlay = unix.Statfs(dir, &fs) == nil && fs.Type == unix.OVERLAYFS_SUPER_MAGIC
			return unix.Mkdev(x.Dev_major, x.Dev_minor), overlay
		}
		if !isMissing(err) || dir == "/" {
			return 0, false
		}
		dir = filepath.Dir(dir)
	}
}
