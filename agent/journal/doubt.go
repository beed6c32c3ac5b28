package journal

// doubt is why the journal may not know all that was sent; empty when it does.
// closed says that the run before ended by itself.
func (st *State) doubt(closed bool) string {
	switch {
	case !st.SameMachine:
		return "the state directory is from another machine"
	case !st.SameDir:
		return "the state directory was copied or restored"
	case st.Damaged > 0:
		return "the journal was damaged"
	case !st.SameBoot && !closed && !st.Prior.Always:
		return "the machine went down while tailrace ran, and the last moments of the journal may be missing"
	}
	return ""
}

// suspect puts every lane in doubt that is not yet.
func (f *fold) suspect(cause string) {
	if cause == "" {
		return
	}
	for id, s := range f.lanes {
		if s.doubt.Cause == "" {
			s.doubt = Doubt{Lane: id, Cause: cause, From: s.offset}
		}
	}
}
