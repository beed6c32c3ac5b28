package journal

import "golang.org/x/sys/unix"

// doubt is why the journal may not know all that was sent; empty when it does.
// closed says that the run before ended by itself, missing that the end of the
// journal is not there. That is no sign of a kill: a process that is killed leaves
// all that it wrote. When the machine went down it is to be expected.
func (st *State) doubt(closed, missing bool) string {
	switch {
	case !st.SameMachine:
		return "the state directory is from another machine"
	case !st.SameDir:
		return "the state directory was copied or restored"
	case st.Damaged > 0:
		return "the journal was damaged"
	case st.SameBoot && missing:
		return "the end of the journal is missing"
	case !st.SameBoot && !closed && !st.Prior.Always:
		return "the machine went down while tailrace ran, and the last moments of the journal may be missing"
	}
	return ""
}

// suspect puts every lane in doubt that is not yet, if there is a cause. Whoever
// is in doubt gets to know up to when a former run may have sent: before it got
// into doubt, if nothing was sent since, and the journal can be believed in that.
func (f *fold) suspect(cause string, st *State) {
	for id, s := range f.lanes {
		if cause != "" && (s.doubt.Cause == "" || s.doubt.Settling) {
			s.doubt = Doubt{Lane: id, Cause: cause, From: s.offset}
		}
		if s.doubt.Cause != "" && (s.doubt.Up == 0 || cause != "" || !st.SameBoot) {
			s.doubt.Up = st.SentUp
		}
	}
}

// bootMargin is how much clocks may be apart, or set, milliseconds.
const bootMargin = 60 * 1000

// sentUp is up to when a former run may have sent, as in Doubt.Up: before the
// machine came up, if it surely was down, else now. A journal that was written (in
// Unix milliseconds) after that is of another machine with the same id, such as
// one of the same image that had its volume before.
func (st *State) sentUp(now Header, written int64) int64 {
	up := Uptime()
	down := now.Boot != "" && st.Prior.Boot != "" && !st.SameBoot && st.SameMachine && st.SameDir
	if down && written < now.Time-up-bootMargin {
		return 1
	}
	return up
}

// lanesUp is up to when something may have been sent on lanes that the journal
// does not have: since it began, or since it was last in doubt, for the cause, it
// has each lane before anything is sent there.
func (st *State) lanesUp(cause string) int64 {
	if cause != "" || st.Fresh || st.Prior.LanesUp == 0 || !st.SameBoot {
		return st.SentUp
	}
	return st.Prior.LanesUp
}

// Uptime is how long the machine has been up, also while it slept, in
// milliseconds; 1 when that is not known.
func Uptime() int64 {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return 1
	}
	return max(1, t.Nano()/1e6)
}
