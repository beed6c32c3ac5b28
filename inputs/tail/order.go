package tail

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// The order of a family. A date in the name tells it. A number does not: of most
// programs app.log.1 is the newest, of others (log4j2, scripts) the oldest, and some
// begin again at 1. So the times of the files tell it: where all of them were made
// in the same order as they were last written to, that is it. Otherwise the numbers
// do, in the direction that these times tell of most neighbours. Of compressed files
// and of copies, only the last write tells something, and less, since a line may come
// late: they are asked when the others tell nothing. When these do not either, it is
// when the files were made, and else the higher is the older.

// packApart is how far apart two files must have been compressed, by a program
// that does not keep the time of the last write, for that to tell their order:
// several that are compressed at once come in the order of their names.
const packApart = time.Second

// before says that both times of two files tell that a is older than b. Of a file
// that was read no other is older that was made after it, though it got a late line.
func (a *member) before(b *member) bool {
	switch {
	case a.kept() || b.kept() || a.gen.packed || b.gen.packed || a.key.birth >= b.key.birth:
		return false
	case a.known && !b.known:
		return true
	}
	return a.mtime <= b.mtime
}

// perhapsBefore says that the last write to two files, one of which is a copy or
// compressed, tells that a is older than b. That of a file whose compression has set
// its time was before then. The older ones are compressed first, so that two unknown
// files tell nothing when only b is: b may have got a late line. So it may have when
// it was read, and a was written to after it was made, or when it was compressed or
// copied before a.
func (a *member) perhapsBefore(b *member) bool {
	x, y := a.gen.packed && !a.kept(), b.gen.packed && !b.kept()
	switch {
	case x && y:
		return b.key.birth-a.key.birth >= int64(packApart)
	case x:
		return a.key.birth < b.mtime
	case y, b.gen.packed && !a.gen.packed && !a.known:
		return false
	case b.known && !a.known && !b.kept() && a.mtime > b.key.birth:
		return false
	case a.kept() && b.kept() && b.key.birth > 0 && a.key.birth > b.key.birth:
		return a.known && !b.known && a.mtime < b.mtime // nothing unknown was there before what was read
	}
	return a.mtime < b.mtime && (a.kept() || b.kept())
}

// madeBefore says that two files of which one got a late line were made in this order.
func (a *member) madeBefore(b *member) bool {
	return !a.kept() && !b.kept() && !a.gen.packed && !b.gen.packed && a.key.birth < b.key.birth
}

// kept says that the file is younger than what it says of its last write, as a copy,
// a restored or a compressed one: when it was made tells nothing then. So it is
// where the time of birth is not known.
func (m *member) kept() bool { return m.mtime < m.key.birth || m.key.birth == 0 }

// inOrder sorts a family from the oldest to the newest.
func inOrder(family []member) {
	slices.SortFunc(family, byTime)
	if inTime(family) {
		return
	}
	slices.SortFunc(family, byName)
	if cmp.Or(votes(family, (*member).before), votes(family, (*member).perhapsBefore), votes(family, (*member).madeBefore)) > 0 {
		slices.SortFunc(family, func(a, b member) int {
			if a.gen.kind == 1 && b.gen.kind == 1 && a.gen.number != b.gen.number {
				return cmp.Compare(a.gen.number, b.gen.number)
			}
			return byName(a, b)
		})
	}
}

func byTime(a, b member) int {
	return cmp.Or(cmp.Compare(a.mtime, b.mtime), cmp.Compare(a.key.birth, b.key.birth), byName(a, b))
}

// inTime says that the times of all files agree about their order, and that their
// names do not tell it.
func inTime(family []member) bool {
	for i := range family {
		if family[i].gen.kind == 2 || i > 0 && !family[i-1].before(&family[i]) {
			return false
		}
	}
	return true
}

// votes is of how many more files in a family, the numbers of which fall, the one
// with the next number is the newer when that is higher. A file that is being
// compressed is there twice.
func votes(family []member, before func(a, b *member) bool) (up int) {
	for i := range family {
		next := -1
		for j := i + 1; j < len(family); j++ {
			a, b := &family[i], &family[j]
			if a.gen.kind != 1 || b.gen.kind != 1 || next >= 0 && b.gen.number != next {
				break
			}
			if b.gen.number == a.gen.number {
				continue
			}
			if next = b.gen.number; before(b, a) {
				up++
			} else if before(a, b) {
				up--
			}
		}
	}
	return up
}

// byName orders two files of a family by what their names tell when numbers
// count down, and else by their last write.
func byName(a, b member) int {
	switch x, y := a.gen, b.gen; {
	case x.kind == 1 && y.kind == 1 && x.number != y.number:
		return cmp.Compare(y.number, x.number)
	case x.kind == 2 && y.kind == 2 && x.date != y.date:
		return strings.Compare(x.date, y.date)
	}
	return cmp.Or(cmp.Compare(a.mtime, b.mtime), strings.Compare(a.path, b.path))
}
