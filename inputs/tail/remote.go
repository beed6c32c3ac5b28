package tail

import (
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

// isRemote says whether path is on such a file system.
func isRemote(path string) bool {
	var st unix.Statfs_t
	return unix.Statfs(path, &st) == nil && slices.Contains(remoteTypes, int64(uint32(st.Type)))
}
