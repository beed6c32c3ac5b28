package tail

import "tailrace/agent/flow"

// A compressed file may have what a plain one, which goes on behind that, begins
// with: a log that is copied and compressed, and not truncated, as by logrotate's
// copy; or one that was written to after the program that compresses it had read it,
// and was read through its descriptor.

// partOf is the file of which p has the beginning, all of which was read.
func (in *Input) partOf(p *parcel) *file {
	c := p.known()
	if c == nil || c.Err != nil || !c.Whole {
		return nil
	}
	for id, below := range c.Below {
		f := in.files[id]
		switch {
		case f == nil, !f.lost(), !f.owned(p.Entry), f.ownAt() < c.Size, p.Mtime < f.key.Birth:
		case below == c.Size, c.Size > flow.PrefixMax && below >= c.Size/2, p.Mtime <= f.lastMtime():
			return f // else it may be a log that begins alike
		}
	}
	if c.Size <= flow.PrefixMax {
		return nil
	}
	for id, part := range c.Parts {
		if f := in.files[id]; part && f != nil && !f.removed() && !f.packed && f.owned(p.Entry) && f.at() >= c.Size {
			return f
		}
	}
	return nil
}

// isPart says that p has the beginning of a file, all of which was read. Then it is
// history once it is left alone.
func (in *Input) isPart(p *parcel) bool {
	f := in.partOf(p)
	if f == nil {
		return false
	}
	p.of = f
	if p.inside != nil {
		in.log.Info("a compressed file is a copy of what another begins with: it is not shipped again", "path", p.Entry.Path, "of", f.path)
		delete(in.parcels, p.Key)
		in.history(p.path, p.Entry)
	}
	return true
}
