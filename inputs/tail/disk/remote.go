package disk

import (
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// remoteTypes is the f_type of file systems, as statfs(2) gives it, that other
// hosts may write to: inotify(7) tells nothing of what these do.
var remoteTypes = []int64{
	unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC,
	unix.CEPH_SUPER_MAGIC, unix.AFS_SUPER_MAGIC, unix.AFS_FS_MAGIC, unix.OCFS2_SUPER_MAGIC,
	unix.V9FS_MAGIC, unix.FUSE_SUPER_MAGIC,
	0x0bd00bd0, // Lustre
	0x47504653, // GPFS
	0x01161970, // GFS2
	0x19830326, // BeeGFS
}

// IsRemote says whether path is on such a file system.
func IsRemote(path string) bool {
	var st unix.Statfs_t
	return unix.Statfs(path, &st) == nil && slices.Contains(remoteTypes, int64(uint32(st.Type)))
}

// MountOf is the number of the device that the directory, or the nearest above it
// that exists, is on; 0 when that cannot be told. overlay says that it is on
// overlayfs.
func (d *Disk) MountOf(dir string) (dev uint64, overlay bool) {
	for {
		if d.Enter("stat", dir) != nil {
			return 0, false
		}
		var x unix.Statx_t
		err := unix.Statx(unix.AT_FDCWD, dir, 0, unix.STATX_BASIC_STATS, &x)
		if err == nil {
			var fs unix.Statfs_t
			overlay = unix.Statfs(dir, &fs) == nil && fs.Type == unix.OVERLAYFS_SUPER_MAGIC
			return unix.Mkdev(x.Dev_major, x.Dev_minor), overlay
		}
		if !IsMissing(err) || dir == "/" {
			return 0, false
		}
		dir = filepath.Dir(dir)
	}
}
