package rotation

import (
	"path/filepath"
	"strings"

	"tailrace/inputs/tail/disk"
)

// Extended is the names of the files that are called stem with an extension.
func Extended(l *disk.Listing, stem string) (names []string) {
	for _, e := range l.Files[l.From(stem+"."):] {
		name := filepath.Base(e.Path)
		if !strings.HasPrefix(name, stem+".") {
			break
		}
		if base, _ := extension(name); base == stem {
			names = append(names, name)
		}
	}
	return names
}

// Member is a file of a family.
type Member struct {
	disk.Entry
	Gen   Generation
	Known bool // it was read where it is, or under another name
	// Unread says that it is nobody's that is known, and was written to since the
	// runs before have looked.
	Unread bool
}

// Family is the rotated files of path in l, oldest first, without path itself.
func Family(l *disk.Listing, path string) []Member {
	base := filepath.Base(path)
	stem, _ := extension(base)
	var out []Member
	out = members(l, out, stem, path)
	if base == Multilog {
		out = members(l, out, "@", path)
	}
	Sort(out)
	return out
}

// members appends to out the rotated files of path whose names begin so.
func members(l *disk.Listing, out []Member, begin, path string) []Member {
	for _, e := range l.Files[l.From(begin):] {
		name := filepath.Base(e.Path)
		if !strings.HasPrefix(name, begin) {
			break
		}
		g, ok := Parse(filepath.Base(path), name)
		if ok && g.Kind == 0 && l.Dir != filepath.Dir(path) {
			g.Kind = 3
		}
		if ok && g.Kind != 0 && !e.Link {
			out = append(out, Member{Entry: e, Gen: g})
		}
	}
	return out
}
