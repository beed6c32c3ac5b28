// Package rotation tells from names and times which files are the rotated forms of a
// log, and which of them is older.
package rotation

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
//	app-out__2026-01-31_00-00-00.log     pm2-logrotate's, with two of what is before it
//	SystemOut_26.01.31_12.30.00.log      WebSphere's date
//	server.log00001                      WebLogic's number
//	app.1  app-20260131                  the same instead of the extension
//	app.log.old  app.log-old             the one before
//	@40000000…s beside current           multilog's: TAI64N, the higher, the newer
//	any of them with .gz .zst .xz .bz2   compressed
//	and with -2026013112.backup          moved out of its way by logrotate
//
// Names that programs make beside a file for other reasons (.bak, ~, .swp,
// .tmp) are none of it.

var (
	numbered = regexp.MustCompile(`^(?:[._-](\d{1,5})|(0\d{4}))$`)
	short    = regexp.MustCompile(`^_(\d\d\.\d\d\.\d\d_\d\d\.\d\d\.\d\d(?:\.\d+)?)$`)
	american = regexp.MustCompile(`^[._-](\d{2})-(\d{2})-(\d{4})(?:[-_.](\d{1,5}))?$`)
	tai64n   = regexp.MustCompile(`^@([0-9a-f]{24})\.[su]$`)
	dated    = regexp.MustCompile(`^[._-]{0,2}(\d{4}[-_.]?\d{2}[-_.]?\d{2}(?:[-_.T:]?\d+)*|\d{9,})$`)
)

// Generation is the place of a name in its family. The zero value is the path
// itself.
type Generation struct {
	Kind   int // 0 the path itself, 1 number, 2 date, 3 its name in another directory
	number int
	date   string // year, month and day; then each number that follows, in 10 digits
	Packed bool
	aside  bool // it was moved out of the way of another: its number is no longer in order
}

// Parse reads the mark of rotation in name, a file beside base.
func Parse(base, name string) (Generation, bool) {
	var g Generation
	if name == base {
		return g, true
	}
	if unpack.Is(name) {
		name, g.Packed = unpack.Plain(name), true
	}
	name, mark := unpack.Aside(name)
	g.aside = mark != ""
	if m := tai64n.FindStringSubmatch(name); m != nil && base == Multilog {
		g.Kind, g.date = 2, m[1]
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
	return Generation{}, false
}

// extension splits name before its extension, which is no mark of rotation.
func extension(name string) (stem, ext string) {
	ext = filepath.Ext(name)
	if new(Generation).mark(ext) {
		return name, ""
	}
	return strings.TrimSuffix(name, ext), ext
}

// mark reads s, which may be a mark of rotation.
func (g *Generation) mark(s string) bool {
	switch {
	case s == "" && g.Packed, s == ".old", s == "-old", s == ".prev":
		g.Kind = 1
		return true
	}
	if s == "" || !isDigit(s[len(s)-1]) {
		return false // as most are of which it is asked
	}
	if m := numbered.FindStringSubmatch(s); m != nil {
		g.Kind = 1
		g.number, _ = strconv.Atoi(m[1] + m[2])
		return true
	}
	if m := dated.FindStringSubmatch(s); m != nil {
		g.Kind = 2
		g.date = dateKey(m[1])
		return true
	}
	if m := short.FindStringSubmatch(s); m != nil {
		g.Kind = 2
		g.date = dateKey("20" + m[1])
		return true
	}
	if m := american.FindStringSubmatch(s); m != nil {
		g.Kind = 2
		g.date = dateKey(m[3] + m[1] + m[2] + "." + m[4])
		return true
	}
	return false
}

// Beginnings is how the names of rotated files of base, and its own, begin: with it,
// or with that without its extension.
func Beginnings(base string) []string {
	out := []string{base}
	if stem, ext := extension(base); stem != "" && ext != "" {
		out = append(out, stem)
	}
	if base == Multilog {
		out = append(out, "@")
	}
	return out
}

// Originals is the names of which name would be a generation.
func Originals(name string) []string {
	name, _ = unpack.Aside(unpack.Plain(name))
	ext := filepath.Ext(name)
	var out []string
	if tai64n.MatchString(name) {
		out = append(out, Multilog)
	}
	for i := 1; i < len(name); i++ {
		if !startsMark(name, i) {
			continue
		}
		var g Generation
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
	return strings.IndexByte("._-", name[i]) >= 0 || isDigit(name[i]) && !isDigit(name[i-1])
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

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

// Multilog is the name that multilog writes to.
const Multilog = "current"
