package tail

import (
	"path/filepath"

	"tailrace/agent/flow"
	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/rotation"
)

// Of a file of which too little was read to know its content by, the compressed form is
// told by its place among the files of its family, or by its size.

// claimShort gives p, the oldest parcel that is nobody's, to the missing file of
// its path of which too little was read to know its content by, if p begins with
// that and is in its place, or was as long when it was seen last; none that was longer.
// An empty one may also be that of an empty file that is done. When there are more of
// them than parcels, of which newer come after p, it is the last that was made before
// p was last written to. wait says that the next look will tell.
func (in *Input) claimShort(p *parcel, family []rotation.Member, newer int) (wait bool) {
	c := p.inside
	if c == nil || c.Err != nil {
		return false
	}
	var may []*file
	for _, f := range in.filesOf(p.path) {
		at := f.at()
		empty := c.Empty() && at == 0 && !f.packed && f.key != disk.Key{}
		size := max(f.held, f.noted)
		if size > c.Size || f.state == done && !empty || f.state == unfollowed || at >= flow.Enough || f.isOpen() || !f.owned(p.Entry) || at > 0 && c.Holds[f.id].Off != at {
			continue
		}
		exact := size > 0 && size == c.Size
		if in.present(f) || !exact && !in.fits(f, p, family) {
			continue
		}
		if in.seenByLook(f) {
			in.moved(f, p)
			return true
		}
		if exact {
			in.pour(f, p)
			return false
		}
		may = append(may, f)
	}
	i := 0
	for i+1 < len(may)-newer && may[i+1].key.Birth <= p.Mtime && p.Mtime < p.Key.Birth {
		i++
	}
	if len(may) > 0 {
		if in.agedOut(may[i]) {
			in.lose(may[i], 0, lostMissing, "perhaps", p.Path)
		}
		in.pour(may[i], p)
	}
	return false
}

// seenByLook says that the last look at its directory has seen f. When it is not
// present, it was renamed or removed since: a directory of many rotated files
// takes a while to rename them all.
func (in *Input) seenByLook(f *file) bool {
	d := in.dirs[filepath.Dir(f.now)]
	if d == nil || d.last == nil {
		return false
	}
	_, seen := d.last.Find(f.key)
	return seen
}

// moved has the directories of f and p looked at again, since names changed during
// the look.
func (in *Input) moved(f *file, p *parcel) {
	for _, dir := range append(p.dirs(), filepath.Dir(f.now)) {
		in.touched(dir)
	}
}

// fits says that f may be at p: the known files of its family that are older are
// read before it, and those that are newer after it; and what is not known and
// older than p is not younger than f.
func (in *Input) fits(f *file, p *parcel, family []rotation.Member) bool {
	before, newest := true, true
	for _, m := range family {
		g := in.byKey[m.Key]
		switch {
		case m.Key == p.Key:
			before = false
		case g == nil && before && m.Size > 0 && !m.Gen.Packed && !m.Kept() && m.Key.Birth > f.key.Birth:
			return false
		case g == nil, g.path != f.path, g == f, g.state == done && g.at() == g.base: // history may be known late
		case before != (g.id < f.id):
			return false
		case !before:
			newest = false
		}
	}
	// else it may as well be one that nobody saw, of which all is read then
	return !newest || f.at() > 0 || f.held > 0 && f.held == p.inside.Size || !in.writtenAfter(p, f)
}

// writtenAfter says that p, which has the mtime of the plain file, was written to
// later than all files that came after f and were rotated, so that it is hardly f.
func (in *Input) writtenAfter(p *parcel, f *file) bool {
	var last int64
	for _, g := range in.filesOf(f.path) {
		switch {
		case g.id <= f.id || g.key.Birth <= f.key.Birth || f.key.Birth == 0:
		case g.now == g.path && in.present(g):
			return false
		default:
			last = max(last, in.lastWrite(g))
		}
	}
	return last > 0 && p.Mtime > last
}
