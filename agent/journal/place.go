package journal

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// formatVersion is of what this package writes.
const formatVersion = 1

// place is the header for a file that is written here and now.
func place(dir string, now time.Time) Header {
	h := Header{
		Format:  formatVersion,
		Machine: firstLine("/etc/machine-id"),
		Boot:    firstLine("/proc/sys/kernel/random/boot_id"),
		Time:    now.UnixMilli(),
	}
	if st, err := os.Stat(dir); err == nil {
		if sys, ok := st.Sys().(*syscall.Stat_t); ok {
			h.Inode = sys.Ino
		}
	}
	return h
}

// identity is the inode number of a file and when it was made, in Unix
// nanoseconds: 0 where the file system does not say, and for what is no file of
// the system's.
func identity(f any) (inode uint64, birth int64) {
	o, ok := f.(*os.File)
	if !ok {
		return 0, 0
	}
	var x unix.Statx_t
	if unix.Statx(int(o.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_INO|unix.STATX_BTIME, &x) != nil {
		return 0, 0
	}
	if x.Mask&unix.STATX_BTIME != 0 {
		birth = x.Btime.Sec*1e9 + int64(x.Btime.Nsec)
	}
	return x.Ino, birth
}

// copied says that the header was written to another file than f.
func (h *Header) copied(f any) bool {
	inode, birth := identity(f)
	return inode != 0 && h.File != 0 && inode != h.File || birth != 0 && h.Birth != 0 && birth != h.Birth
}

// hostsMax is how many names of the host are kept.
const hostsMax = 32

// carry takes over what the runs before knew. A state that was lost does not say
// when they began.
func (h *Header) carry(st *State, host string) {
	h.First, h.Hosts, h.LanesUp = st.Prior.First, slices.Clone(st.Prior.Hosts), st.LanesUp
	if st.Fresh && st.Damaged == 0 {
		h.First = h.Time
	}
	if host != "" {
		h.Hosts = append(slices.DeleteFunc(h.Hosts, func(s string) bool { return s == host }), host)
		h.Hosts = h.Hosts[max(0, len(h.Hosts)-hostsMax):]
	}
}

// firstLine is what is in a small file, empty when it cannot be read.
func firstLine(name string) string {
	b, _ := os.ReadFile(name)
	return strings.TrimSpace(string(b))
}

// compare fills in what is the same as in the run before. A boot that is not
// known is not proved to be the same; a machine may be without an id. copied says
// that the journal is not in the file that it was written to.
func (st *State) compare(now Header, copied bool) {
	st.SameBoot = now.Boot != "" && now.Boot == st.Prior.Boot
	st.SameMachine = now.Machine == st.Prior.Machine
	st.SameDir = now.Inode == st.Prior.Inode && !copied
}
