package rotation

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tailrace/inputs/tail/disk"
)

// The order of a family. A date in the name tells it. A number does not: of most
// programs app.log.1 is the newest, of others (log4j2, scripts) the oldest, and some
// begin again at 1. So the times of the files tell it: where all of them were made
// in the same order as they were last written to, that is it. Otherwise the numbers
// do, in the direction that these times tell of most neighbours; but when two programs
// have compressed files of the same numbers, the last writes do. Of compressed files
// and of copies, only the last write tells something, and less, since a line may come
// late: they are asked when the others tell nothing, and what was read is older than
// what is not known before that. When these do not tell either, it is when the files
// were made, and else the higher is the older.

// packApart is how far apart two files must have been compressed, by a program
// that does not keep the time of the last write, for that to tell their order:
// several that are compressed at once come in the order of their names.
const packApart = time.Second

// readBefore says that a was read, and b is not known, though it was written to since
// the runs before: it is newer, whatever late line a got. Of two files that are neither
// compressed nor copied, their births tell more.
func (a *Member) readBefore(b *Member) bool {
	return a.Known && b.Unread && (a.Kept() || a.Gen.Packed || b.Gen.Packed)
}

// before says that both times of two files tell that a is older than b. Of a file
// that was read no other is older that was made after it, though it got a late line.
func (a *Member) before(b *Member) bool {
	switch {
	case a.Kept() || b.Kept() || a.Gen.Packed || b.Gen.Packed || a.Key.Birth >= b.Key.Birth:
		return false
	case a.Known && !b.Known:
		return true
	}
	return a.Mtime <= b.Mtime
}

// perhapsBefore says that the last write to two files, one of which is a copy or
// compressed, tells that a is older than b. That of a file whose compression has set
// its time was before then. The older ones are compressed first, so that two unknown
// files tell nothing when only b is, since b may have got a late line, unless that came
// when a had its name already. So it may have when b was read, and a was written to after
// it was made, or when it was compressed or copied before a.
func (a *Member) perhapsBefore(b *Member) bool {
	x, y := a.Gen.Packed && !a.Kept(), b.Gen.Packed && !b.Kept()
	switch {
	case x && y:
		return b.Key.Birth-a.Key.Birth >= int64(packApart)
	case x:
		return a.Key.Birth < b.Mtime
	case y:
		return false
	case b.Gen.Packed && !a.Gen.Packed && !a.Known:
		return b.Kept() && a.Ctime < b.Mtime
	case b.Known && !a.Known && !b.Kept() && a.Mtime > b.Key.Birth:
		return false
	case a.Kept() && b.Kept() && b.Key.Birth > 0 && a.Key.Birth > b.Key.Birth:
		return a.Known && !b.Known && a.Mtime < b.Mtime // nothing unknown was there before what was read
	}
	return a.Mtime < b.Mtime && (a.Kept() || b.Kept())
}

// madeBefore says that two files of which one got a late line were made in this order.
func (a *Member) madeBefore(b *Member) bool {
	return !a.Kept() && !b.Kept() && !a.Gen.Packed && !b.Gen.Packed && a.Key.Birth < b.Key.Birth
}

// Kept says that the file is younger than what it says of its last write, as a copy,
// a restored or a compressed one: when it was made tells nothing then. So it is
// where the time of birth is not known.
func (m *Member) Kept() bool { return m.Mtime < m.Key.Birth || m.Key.Birth == 0 }

// Sort sorts a family from the oldest to the newest.
func Sort(family []Member) {
	slices.SortFunc(family, byTime)
	if inTime(family) || numberedTwice(family) {
		return
	}
	slices.SortFunc(family, byName)
	originals := slices.DeleteFunc(slices.Clone(family), func(m Member) bool { return m.Kept() || m.Gen.Packed })
	if cmp.Or(votes(originals, (*Member).before), votes(family, (*Member).readBefore), votes(family, (*Member).perhapsBefore), votes(family, (*Member).madeBefore)) > 0 {
		slices.SortFunc(family, func(a, b Member) int {
			if a.Gen.Kind == 1 && b.Gen.Kind == 1 && a.Gen.number != b.Gen.number {
				return cmp.Compare(a.Gen.number, b.Gen.number)
			}
			return byName(a, b)
		})
	}
}

func byTime(a, b Member) int {
	return cmp.Or(cmp.Compare(a.Mtime, b.Mtime), cmp.Compare(a.Key.Birth, b.Key.Birth), byName(a, b))
}

// inTime says that the times of all files agree about their order, and that their
// names do not tell it.
func inTime(family []Member) bool {
	for i := range family {
		if family[i].Gen.Kind == 2 || i > 0 && !family[i-1].before(&family[i]) {
			return false
		}
	}
	return true
}

// numberedTwice says that files have the same numbers that are none of each other: what
// compresses was changed, and each counts its own, and leaves those of the other alone
// or moves them aside.
func numberedTwice(family []Member) bool {
	at := map[int]*Member{}
	for i := range family {
		m := &family[i]
		if m.Gen.Kind != 1 {
			continue
		}
		if m.Gen.aside {
			return true
		}
		if o := at[m.Gen.number]; o != nil && filepath.Ext(o.Path) != filepath.Ext(m.Path) {
			switch {
			case o.Gen.Packed && m.Gen.Packed,
				o.Gen.Packed && OfAnother(m.Entry, o.Entry),
				m.Gen.Packed && OfAnother(o.Entry, m.Entry):
				return true
			}
		}
		at[m.Gen.number] = m
	}
	return false
}

// OfAnother says that the compressed file is complete, since its time was set, and has
// not that of the plain one beside it; some programs set whole seconds.
func OfAnother(plain, packed disk.Entry) bool {
	const second = int64(time.Second)
	return packed.Mtime < packed.Key.Birth && packed.Mtime/second != plain.Mtime/second
}

// votes is of how many more files in a family, the numbers of which fall, the one
// with the next number is the newer when that is higher. A file that is being
// compressed is there twice.
func votes(family []Member, before func(a, b *Member) bool) (up int) {
	for i := range family {
		next := -1
		for j := i + 1; j < len(family); j++ {
			a, b := &family[i], &family[j]
			if a.Gen.Kind != 1 || b.Gen.Kind != 1 || next >= 0 && b.Gen.number != next {
				break
			}
			if b.Gen.number == a.Gen.number {
				continue
			}
			if next = b.Gen.number; before(b, a) {
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
func byName(a, b Member) int {
	switch x, y := a.Gen, b.Gen; {
	case x.Kind == 1 && y.Kind == 1 && x.number != y.number:
		return cmp.Compare(y.number, x.number)
	case x.Kind == 2 && y.Kind == 2 && x.date != y.date:
		return strings.Compare(x.date, y.date)
	}
	return cmp.Or(cmp.Compare(a.Mtime, b.Mtime), strings.Compare(a.Path, b.Path))
}
