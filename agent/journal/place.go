package journal

import (
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
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
// known is not proved to be the same; a machine may be without an id.
func (st *State) compare(now Header) {
	st.SameBoot = now.Boot != "" && now.Boot == st.Prior.Boot
	st.SameMachine = now.Machine == st.Prior.Machine
	st.SameDir = now.Inode == st.Prior.Inode
}
