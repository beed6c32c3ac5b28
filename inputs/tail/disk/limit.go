package disk

import "golang.org/x/sys/unix"

// OpenLimit is how many files may be held open: half of the descriptors that
// the process may have, since the brokers' sockets, the journal and the looks
// at directories need some too. Beyond it a file is opened for each read and
// closed after it, and what is deleted unread is not read.
func OpenLimit() int64 {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil || r.Cur > 1<<20 {
		return 1 << 19
	}
	return max(8, min(int64(r.Cur)/2, int64(r.Cur)-64))
}
