package tail

import (
	"path/filepath"
	"slices"
	"strings"

	"tailrace/inputs/tail/disk"
	"tailrace/inputs/tail/rotation"
	"tailrace/inputs/tail/unpack"
)

// The directories beside its own in which rotated files of a path are, such as
// logrotate's olddir, belong to its family: once one file of the path was found
// there, so are those that nobody saw. The places of the known files tell which
// they are, over restarts, too.

// noteKin notes that a rotated file of path is in dir.
func (in *Input) noteKin(path, dir string) {
	if in.pats.Match(path) >= 0 {
		in.kin.Note(path, dir)
	}
}

// family is the rotated files of path in all directories where there are any,
// oldest first. l is one of these directories, and the others are listed after
// it, at most once in a look: what is rotated from l meanwhile is in them.
func (in *Input) family(l *disk.Listing, path string) []rotation.Member {
	home := filepath.Dir(path)
	out := rotation.Family(l, path)
	for _, dir := range append([]string{home}, in.kin.Of(path)...) {
		if dir != l.Dir && (dir == home || dir != in.links.Home(path)) {
			out = append(out, rotation.Family(in.beside(dir), path)...)
		}
	}
	out = append(out, in.rotatedAt(l, path)...)
	out = slices.DeleteFunc(out, in.intruder(l, path))
	for i := range out {
		f := in.byKey[out[i].Key]
		if p := in.parcels[out[i].Key]; f == nil && p != nil {
			f = p.of
		}
		out[i].Known = f != nil && f.original == nil && !f.isHistory()
		out[i].Unread = f == nil && in.writtenSince(out[i].Entry) && in.isNobodys(&out[i])
	}
	rotation.Sort(out)
	return out
}

// intruder says of a file whether it is none of the family of path for all its
// name: a pattern matches it under the very name of path in another directory,
// or it has another owner than the newest file that is known of path, the file
// that is at path now, and root: another user has put it there; or path is a link
// that leads to it.
func (in *Input) intruder(l *disk.Listing, path string) func(rotation.Member) bool {
	tail := in.tails[path]
	at, ok := in.listing(l, filepath.Dir(path)).Stat(filepath.Base(path))
	return func(m rotation.Member) bool {
		switch {
		case ok && at.Link && m.Key == at.Key:
			return true
		case m.Gen.Kind == 3 && in.byKey[m.Key] == nil && in.pats.Match(m.Path) >= 0:
			return true // a path of its own
		case m.UID == 0, tail != nil && tail.owned(m.Entry), ok && at.UID == m.UID:
			return false
		}
		return tail != nil || ok
	}
}

// kinOf is the path of whose family the file at e, in another directory than
// the path's, is by its name; of several the first.
func (in *Input) kinOf(dir string, e disk.Entry) (of string, ok bool) {
	if of, ok = in.kin.Path(dir, filepath.Base(e.Path), in.pats.Match(e.Path) >= 0); ok {
		return of, true
	}
	return in.targetOf(dir, e)
}

// listing is that of dir: l, if it is of that.
func (in *Input) listing(l *disk.Listing, dir string) *disk.Listing {
	if l.Dir == dir {
		return l
	}
	return in.beside(dir)
}

// beside is a listing of another directory than the one that is looked at.
func (in *Input) beside(dir string) *disk.Listing {
	l := in.others[dir]
	if l == nil {
		// the last collection is good enough where the directory does not
		// come to rest, or cannot be read
		l, _ = in.disk.Snapshot(dir, nil, func(disk.Entry) bool { return true })
		in.others[dir] = l
	}
	return l
}

// knownOf is the number of files of a family up to the newest known one.
func (in *Input) knownOf(family []rotation.Member) int {
	known := 0
	for i, m := range family {
		if p := in.parcels[m.Key]; in.byKey[m.Key] != nil || p != nil && p.of != nil {
			known = i + 1
		}
	}
	return known
}

// relativesMax is how many known files of one path relatives takes.
const relativesMax = 64

// relatives is the known files that the name of e relates it to: a path that it is
// at, or may be rotated from, and all that may be rotated from one of these, or
// that was renamed to one by hand; no more than the newest relativesMax of each.
func (in *Input) relatives(e disk.Entry) []*file {
	in.sortFamilies()
	paths := append(rotation.Roots(e.Path), rotation.CopyOf(e.Path)...)
	if path, ok := in.kinOf(filepath.Dir(e.Path), e); ok {
		paths = append(paths, path)
	}
	for _, name := range rotation.Originals(filepath.Base(e.Path)) {
		if here := filepath.Dir(e.Path); in.tails[filepath.Join(here, name)] == nil {
			paths = append(paths, above(here, name)...)
		}
	}
	var out []*file
	for _, path := range paths {
		files := in.families[path]
		for _, f := range files[max(0, len(files)-relativesMax):] {
			if in.files[f.id] == f && !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	return out
}

// above is where a log of that name may be that is rotated to dir, which is an olddir of
// the directory above, or of the one above that.
func above(dir, name string) []string {
	up := filepath.Dir(dir)
	return []string{filepath.Join(up, name), filepath.Join(filepath.Dir(up), name)}
}

// sortFamilies finds out what relatives and filesOf give, if that is not known.
func (in *Input) sortFamilies() {
	if in.families != nil {
		return
	}
	in.families = map[string][]*file{}
	for _, f := range in.files {
		in.addRelative(f)
	}
	for _, files := range in.families {
		slices.SortFunc(files, olderFile)
	}
}

// filesOf is the known files of path, by their numbers.
func (in *Input) filesOf(path string) (out []*file) {
	in.sortFamilies()
	for _, f := range in.families[unpack.Plain(path)] {
		if f.path == path && in.files[f.id] == f {
			out = append(out, f)
		}
	}
	return out
}

// addRelative has f, which has the highest number, found by relatives.
func (in *Input) addRelative(f *file) {
	if in.families == nil {
		return
	}
	for _, path := range rotation.Roots(f.path) {
		in.families[path] = append(in.families[path], f)
	}
	in.addMoved(f)
}

// addMoved has f found by what its present name relates it to.
func (in *Input) addMoved(f *file) {
	if path := unpack.Plain(f.now); in.families != nil && !slices.Contains(in.families[path], f) {
		in.families[path] = append(in.families[path], f)
	}
}

// rotatedFrom is the followed path that the file at path, in l, was rotated from,
// as far as its name says. Several may be possible, app.log and app.log-20260131
// of app.log-20260131-12: one that is known, or there, is preferred, and then the
// shortest. Where the mark is before the extension, or instead of it, it must be
// one of these: app-1.log may as well be a log of its own.
func (in *Input) rotatedFrom(l *disk.Listing, path string) (string, bool) {
	name, first := filepath.Base(path), ""
	for _, base := range rotation.Originals(name) {
		atEnd := strings.HasPrefix(name, base) || base == rotation.Multilog
		for _, base := range append([]string{base}, rotation.Extended(l, base)...) {
			from := filepath.Join(filepath.Dir(path), base)
			switch {
			case in.pats.Match(from) < 0:
			case in.tails[from] != nil, l.Has(base):
				return from, true
			case first == "" && atEnd:
				first = from
			}
		}
	}
	return first, first != ""
}

// A path may be a symbolic link to a file in another directory, as kubelet makes
// them in /var/log/containers. Writes and rotations happen where the file is: that
// directory, its home, is watched and looked at too, and what is rotated there under
// the name of the file is of the family of the path, unless something is known of the
// file's own path, since a pattern matches that, too.

// noteTargets finds out where the links of l lead that a pattern matches: those of
// which that is not known, or all. The directories that are new are looked at soon.
func (in *Input) noteTargets(l *disk.Listing, all bool) {
	for _, e := range l.Files {
		if !e.Link || in.pats.Match(e.Path) < 0 || !all && in.links.Target(e.Path) != "" {
			continue
		}
		if f := in.fileAt(e.Path); f != nil && f.key == e.Key && in.links.Target(e.Path) != "" {
			continue
		}
		target, err := filepath.EvalSymlinks(e.Path)
		if err != nil || target == in.links.Target(e.Path) {
			continue // it is being switched: the next look tells
		}
		in.links.Note(e.Path, target)
		in.scan.dirs = in.scan.dirs || filepath.Dir(target) != l.Dir
	}
}

// rotatedAt is the rotated files of path that are beside the file that it leads to.
func (in *Input) rotatedAt(l *disk.Listing, path string) []rotation.Member {
	target := in.links.Target(path)
	if target == "" || in.tails[target] != nil || filepath.Dir(target) == filepath.Dir(path) {
		return nil
	}
	l = in.listing(l, filepath.Dir(target))
	return slices.DeleteFunc(rotation.Family(l, target), func(m rotation.Member) bool { return in.pats.Match(m.Path) >= 0 })
}

// targetOf is the path, a link, of whose family the file at e is by its name.
func (in *Input) targetOf(dir string, e disk.Entry) (string, bool) {
	for _, path := range in.links.Into(dir) {
		target := in.links.Target(path)
		g, ok := rotation.Parse(filepath.Base(target), filepath.Base(e.Path))
		if ok && g.Kind != 0 && filepath.Dir(path) != dir && in.tails[target] == nil && in.pats.Match(e.Path) < 0 {
			return path, true
		}
	}
	return "", false
}
