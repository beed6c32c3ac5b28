package tail

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"tailrace/inputs/tail/unpack"
)

// The rotation family of a path: the files beside it whose names are its own
// with a mark of rotation.
//
//	app.log.1  app.log-1  app.log_1      a number: most often the higher, the older (order.go)
//	app.log-20260131  app.log.2026-01-31_12  app.log-1769817600   a date or a time: the higher, the newer
//	app-01-31-2026-1.log                 a date with the month first, as log4j2 has it
//	app-20260131.log  app.1.log          the same before the extension
//	app.1  app-20260131                  the same instead of the extension
//	app.log.old                          the one before
//	@40000000…s beside current           multilog's: TAI64N, the higher, the newer
//	any of them with .gz .zst .xz .bz2   compressed
//
// Names that programs make beside a file for other reasons (.bak, ~, .swp,
// .tmp) are none of it.

var (
	numbered = regexp.MustCompile(`^[._-](\d{1,5})$`)
	american = regexp.MustCompile(`^[._-](\d{2})-(\d{2})-(\d{4})(?:[-_.](\d{1,5}))?$`)
	tai64n   = regexp.MustCompile(`^@([0-9a-f]{24})\.[su]$`)
	dated    = regexp.MustCompile(`^[._-]?(\d{4}[-_.]?\d{2}[-_.]?\d{2}(?:[-_.T:]?\d+)*|\d{9,})$`)
)

// generation is the place of a name in its family. The zero value is the path
// itself.
type generation struct {
	kind   int // 0 the path itself, 1 number, 2 date, 3 its name in another directory
	number int
	date   string // year, month and day; then each number that follows, in 10 digits
	packed bool
}

// parseGeneration reads the mark of rotation in name, a file beside base.
func parseGeneration(base, name string) (generation, bool) {
	var g generation
	if name == base {
		return g, true
	}
	if unpack.Is(name) {
		name, g.packed = unpack.Plain(name), true
	}
	if m := tai64n.FindStringSubmatch(name); m != nil && base == multilog {
		g.kind, g.date = 2, m[1]
		return g, true
	}
	stem, ext := extension(base)
	if suffix, ok := strings.CutPrefix(name, base); ok && g.mark(suffix) {
		return g, true
	}
	if ext != "" && stem != "" && strings.HasPrefix(name, stem) && strings.HasSuffix(name, ext) && len(name) > len(base) {
		if g.mark(name[len(stem) : len(name)-len(ext)]) {
			return g, true
		}
	}
	if suffix, ok := strings.CutPrefix(name, stem); ok && ext != "" && stem != "" && suffix != "" && g.mark(suffix) {
		return g, true
	}
	return generation{}, false
}

// extension splits name before its extension, which is no mark of rotation.
func extension(name string) (stem, ext string) {
	ext = filepath.Ext(name)
	if new(generation).mark(ext) {
		return name, ""
	}
	return strings.TrimSuffix(name, ext), ext
}

func (g *generation) mark(s string) bool {
	switch {
	case s == "" && g.packed, s == ".old", s == ".prev":
		g.kind = 1
		return true
	}
	if m := numbered.FindStringSubmatch(s); m != nil {
		g.kind = 1
		g.number, _ = strconv.Atoi(m[1])
		return true
	}
	if m := dated.FindStringSubmatch(s); m != nil {
		g.kind = 2
		g.date = dateKey(m[1])
		return true
	}
	if m := american.FindStringSubmatch(s); m != nil {
		g.kind = 2
		g.date = dateKey(m[3] + m[1] + m[2] + "." + m[4])
		return true
	}
	return false
}

// originals is the names of which name would be a generation.
func originals(name string) []string {
	name = unpack.Plain(name)
	ext := filepath.Ext(name)
	var out []string
	if tai64n.MatchString(name) {
		out = append(out, multilog)
	}
	for i := 1; i < len(name); i++ {
		if !startsMark(name, i) {
			continue
		}
		var g generation
		if g.mark(name[i:]) {
			out = append(out, name[:i])
		}
		if stem := len(name) - len(ext); i < stem && g.mark(name[i:stem]) {
			out = append(out, name[:i]+ext)
		}
	}
	return out
}

// startsMark says whether a mark of rotation may begin at name[i].
func startsMark(name string, i int) bool {
	digit := func(c byte) bool { return '0' <= c && c <= '9' }
	return strings.IndexByte("._-", name[i]) >= 0 || digit(name[i]) && !digit(name[i-1])
}

// rotatedFrom is the followed path that the file at path, in l, was rotated from,
// as far as its name says. Several may be possible, app.log and app.log-20260131
// of app.log-20260131-12: one that is known, or there, is preferred, and then the
// shortest. Where the mark is before the extension, or instead of it, it must be
// one of these: app-1.log may as well be a log of its own.
func (in *Input) rotatedFrom(l *listing, path string) (string, bool) {
	name, first := filepath.Base(path), ""
	for _, base := range originals(name) {
		atEnd := strings.HasPrefix(name, base) || base == multilog
		for _, base := range append([]string{base}, l.extended(base)...) {
			from := filepath.Join(filepath.Dir(path), base)
			switch {
			case in.pats.match(from) < 0:
			case in.tails[from] != nil, l.has(base):
				return from, true
			case first == "" && atEnd:
				first = from
			}
		}
	}
	return first, first != ""
}

// extended is the names of the files that are called stem with an extension.
func (l *listing) extended(stem string) (names []string) {
	for _, e := range l.files[l.from(stem+"."):] {
		name := filepath.Base(e.path)
		if !strings.HasPrefix(name, stem+".") {
			break
		}
		if base, _ := extension(name); base == stem {
			names = append(names, name)
		}
	}
	return names
}

// dateKey makes the date at the beginning of s, and the numbers behind it, such
// that they can be compared as text.
func dateKey(s string) string {
	var b strings.Builder
	n := 0 // digits
	for n < 8 && s != "" {
		if '0' <= s[0] && s[0] <= '9' {
			b.WriteByte(s[0])
			n++
		}
		s = s[1:]
	}
	for _, number := range strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) {
		b.WriteString(strings.Repeat("0", max(0, 10-len(number))) + number)
	}
	return b.String()
}

// multilog is the name that multilog writes to.
const multilog = "current"

// member is a file of a family.
type member struct {
	entry
	gen   generation
	known bool // it was read where it is, or under another name
}

// family is the rotated files of path, oldest first, without path itself.
func (l *listing) family(path string) []member {
	base := filepath.Base(path)
	stem, _ := extension(base)
	var out []member
	out = l.members(out, stem, path)
	if base == multilog {
		out = l.members(out, "@", path)
	}
	inOrder(out)
	return out
}

// members appends to out the rotated files of path whose names begin so.
func (l *listing) members(out []member, begin, path string) []member {
	for _, e := range l.files[l.from(begin):] {
		name := filepath.Base(e.path)
		if !strings.HasPrefix(name, begin) {
			break
		}
		g, ok := parseGeneration(filepath.Base(path), name)
		if ok && g.kind == 0 && l.dir != filepath.Dir(path) {
			g.kind = 3
		}
		if ok && g.kind != 0 && !e.link {
			out = append(out, member{entry: e, gen: g})
		}
	}
	return out
}
