package tail

import (
	"os"
	"path/filepath"
	"slices"
)

// A path may be a symbolic link to a file in another directory, as kubelet makes
// them in /var/log/containers. Writes and rotations happen where the file is: that
// directory, its home, is watched and looked at too, and what is rotated there under
// the name of the file is of the family of the path, unless something is known of the
// file's own path, since a pattern matches that, too.

// targets is where the links among the followed paths lead, and back.
type targets struct {
	of    map[string]string   // by path: the file that it leads to, without any link
	links map[string][]string // by directory: the paths that lead to a file in it
}

// noteTargets finds out where the links of l lead that a pattern matches. The
// directories that are new are looked at soon.
func (in *Input) noteTargets(l *listing) {
	for _, e := range l.files {
		if !e.link || in.pats.match(e.path) < 0 {
			continue
		}
		if f := in.at(l.dir, e.path); f != nil && f.key == e.key && in.targets.of[e.path] != "" {
			continue
		}
		target, err := filepath.EvalSymlinks(e.path)
		if err != nil || target == in.targets.of[e.path] {
			continue // it is being switched: the next look tells
		}
		in.targets.forget(e.path)
		if filepath.Dir(target) != l.dir {
			in.targets.note(e.path, target)
			in.scan.dirs = true
		}
	}
}

func (t *targets) note(path, target string) {
	dir := filepath.Dir(target)
	t.of[path] = target
	t.links[dir] = append(t.links[dir], path)
}

// forget is called when path leads elsewhere, or nothing is known of it any more.
func (t *targets) forget(path string) {
	target, ok := t.of[path]
	if !ok {
		return
	}
	dir := filepath.Dir(target)
	delete(t.of, path)
	t.links[dir] = slices.DeleteFunc(t.links[dir], func(p string) bool { return p == path })
	if len(t.links[dir]) == 0 {
		delete(t.links, dir)
	}
}

// home is the directory in which the file at path is.
func (t *targets) home(path string) string {
	if target, ok := t.of[path]; ok {
		path = target
	}
	return filepath.Dir(path)
}

// to is the path that leads to the file at target, or target when there is none.
func (t *targets) to(target string) string {
	for _, path := range t.links[filepath.Dir(target)] {
		if t.of[path] == target {
			return path
		}
	}
	return target
}

// rotatedAt is the rotated files of path that are beside the file that it leads to.
func (in *Input) rotatedAt(l *listing, path string) []member {
	target, ok := in.targets.of[path]
	if !ok || in.tails[target] != nil {
		return nil
	}
	if dir := filepath.Dir(target); dir != l.dir {
		l = in.beside(dir)
	}
	return slices.DeleteFunc(l.family(target), func(m member) bool { return in.pats.match(m.path) >= 0 })
}

// targetOf is the path, a link, of whose family the file at e is by its name.
func (in *Input) targetOf(dir string, e entry) (string, bool) {
	for _, path := range in.targets.links[dir] {
		target := in.targets.of[path]
		g, ok := parseGeneration(filepath.Base(target), filepath.Base(e.path))
		if ok && g.kind != 0 && in.tails[target] == nil && in.pats.match(e.path) < 0 {
			return path, true
		}
	}
	return "", false
}

// linksTo is the directories that hold the symbolic links by which paths lead to
// where they do: when one is switched, it happens there.
func linksTo(paths []string) []string {
	var holders []string
	seen := map[string]bool{"/": true, ".": true}
	var visit func(path string)
	visit = func(path string) {
		if seen[path] {
			return
		}
		seen[path] = true
		dir := filepath.Dir(path)
		visit(dir)
		target, err := os.Readlink(path)
		if err != nil {
			return // no link
		}
		holders = append(holders, dir)
		if real, err := filepath.EvalSymlinks(dir); err == nil && !filepath.IsAbs(target) {
			target = filepath.Join(real, target)
		}
		visit(target)
	}
	for _, path := range paths {
		visit(path)
	}
	return holders
}
