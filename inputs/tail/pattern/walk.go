package pattern

import (
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"tailrace/inputs/tail/disk"
)

// Walk calls visit for each directory, existing or not, that may hold what the
// patterns match, and through for those in which such directories may appear
// because a wildcard matches them, with why such a one cannot be listed.
func (p *Set) Walk(d *disk.Disk, visit func(dir string), through func(dir string, err error)) {
	w := walker{disk: d, visit: visit, through: through, seen: map[string]bool{}}
	for _, dir := range p.dirs {
		w.expand("/", strings.Split(strings.TrimPrefix(dir, "/"), "/"))
	}
}

// walker is one walk from the root down.
type walker struct {
	disk    *disk.Disk
	visit   func(dir string)
	through func(dir string, err error)
	seen    map[string]bool
}

// expand visits the directories below dir that match the components.
func (w *walker) expand(dir string, parts []string) {
	if len(parts) == 0 || len(parts) == 1 && parts[0] == "" {
		if !w.seen[dir] {
			w.seen[dir] = true
			w.visit(dir)
		}
		return
	}
	part, rest := parts[0], parts[1:]
	switch {
	case strings.Contains(part, "**"):
		w.expand(dir, rest)
		for _, name := range w.subdirs(dir, false) {
			w.expand(filepath.Join(dir, name), parts)
		}
	case !strings.ContainsAny(part, `*?[{\`):
		w.expand(filepath.Join(dir, part), rest)
	default:
		for _, name := range w.subdirs(dir, true) {
			if ok, err := doublestar.Match(part, name); ok && err == nil {
				w.expand(filepath.Join(dir, name), rest)
			}
		}
	}
}

// subdirs is the directories in dir, through which a pattern goes.
func (w *walker) subdirs(dir string, links bool) []string {
	dirs, err := w.disk.Subdirs(dir, links)
	w.through(dir, err)
	return dirs
}
