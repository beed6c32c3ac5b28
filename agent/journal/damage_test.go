package journal

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tailrace/agent/flow"
)

// appendSum makes a line of any bytes, with a right checksum.
func appendSum(body []byte) []byte {
	return append(fmt.Appendf(nil, "%08x ", flow.Sum(body)), body...)
}

// realFile is a generation with a snapshot of some state and records after it.
func realFile(t testing.TB) []byte {
	dir := t.TempDir()
	for run := range int32(2) {
		j, err := Open(dir, Options{Sync: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		id, lane := j.NewFile(), j.NewLane()
		j.Write(Record{File: &File{ID: id, Path: "/log", Topic: "t"}}, Record{Lane: &Lane{ID: lane, Topic: "t"}},
			Record{PID: &PID{Lane: lane, PID: 5}})
		for n := range int32(2) {
			j.Write(intent(lane, 5, n, 1, span(id, int64(n)*10, int64(n+1)*10)))
		}
		j.Note(ack(lane, run, 8), Record{Lost: &Lost{File: id, Bytes: 3, Cause: "truncated"}})
		j.Close()
	}
	b, err := os.ReadFile(generationName(dir, 2))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// read is the state that one generation of these bytes gives.
func read(data []byte) loaded {
	d := newFakeDisk()
	d.names["journal.000001"] = &fakeFile{d: d, data: data}
	return load(d, "", []uint64{1}, length{}, slog.New(slog.DiscardHandler))
}

// print is all that is known, to compare.
func (l *loaded) print() string {
	var b []byte
	for r := range l.fold.snapshot {
		b = appendLine(b, r)
	}
	return string(b)
}

func TestTornAtEveryByte(t *testing.T) {
	whole := realFile(t)
	snapshotEnd := bytes.Index(whole, []byte(`{"end"`))
	snapshotEnd += bytes.IndexByte(whole[snapshotEnd:], '\n') + 1
	f, applied := newFold(), 0
	for n := range len(whole) + 1 {
		if n > 0 && whole[n-1] == '\n' { // one more line is whole
			r, err := parseLine(whole[applied : n-1])
			if err != nil {
				t.Fatal(err)
			}
			f.apply(r)
			applied = n
		}
		got, want := read(whole[:n]), loaded{fold: f}
		if got.print() != want.print() {
			t.Fatalf("torn at %d:\n got %s\nwant %s", n, got.print(), want.print())
		}
		if whole := n >= snapshotEnd; (got.damage == 0) != whole {
			t.Fatalf("torn at %d: damage %d", n, got.damage)
		}
	}
}

// A flipped byte costs the records that it is in, never changes one.
func TestEachByteFlipped(t *testing.T) {
	whole := realFile(t)
	wants := map[string]string{} // by the lines that are left
	for n := range whole {
		for _, flip := range []byte{0x01, 0x20, whole[n] ^ '\n'} {
			if flip == 0 {
				continue
			}
			data := bytes.Clone(whole)
			data[n] ^= flip
			got := read(data)
			if got.damage == 0 && n != len(data)-1 { // the last newline: a torn line
				t.Fatalf("byte %d ^ %x: no damage seen", n, flip)
			}
			left := string(bytes.Join(unharmed(whole, n), []byte("\n")))
			if _, known := wants[left]; !known {
				wants[left] = printOf(t, left)
			}
			if got.print() != wants[left] {
				t.Fatalf("byte %d ^ %x:\n got %s\nwant %s", n, flip, got.print(), wants[left])
			}
		}
	}
}

// printOf is all that is known after these lines.
func printOf(t *testing.T, lines string) string {
	l := loaded{fold: newFold()}
	for line := range strings.SplitSeq(lines, "\n") {
		r, err := parseLine([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		l.fold.apply(r)
	}
	return l.print()
}

// unharmed is the lines without those that the byte at is part of: a newline
// is part of two.
func unharmed(whole []byte, at int) [][]byte {
	var out [][]byte
	start, skip := 0, false
	for n, c := range whole {
		if c != '\n' {
			continue
		}
		if hit := at >= start && at <= n; !hit && !skip {
			out = append(out, whole[start:n])
		}
		skip = at == n
		start = n + 1
	}
	return out
}

// The newest generation is harmed in its snapshot: the one before it fills in.
func TestSnapshotDamaged(t *testing.T) {
	dir := t.TempDir()
	for n := range int32(3) {
		j := mustOpen(t, dir, Options{})
		if n == 0 {
			mustWrite(t, j, Record{File: &File{ID: 1, Path: "/log"}}, Record{Lane: &Lane{ID: 1}}, Record{PID: &PID{Lane: 1, PID: 5}})
		}
		mustWrite(t, j, intent(1, 5, n, 1, span(1, int64(n)*10, int64(n+1)*10)))
		j.Note(ack(1, n, int64(n)))
		j.Close()
	}
	for n := range 16 {
		data, _ := os.ReadFile(generationName(dir, 3))
		lines := bytes.SplitAfter(data, []byte("\n"))
		line := n / 2
		if lines[line] = []byte("what a bad disk gives\n"); n%2 == 1 {
			lines[line] = nil // as if it had never been there
		}
		log := &strings.Builder{}
		d := newFakeDisk()
		d.names["journal.000003"] = &fakeFile{data: bytes.Join(lines, nil)}
		before, _ := os.ReadFile(generationName(dir, 2))
		d.names["journal.000002"] = &fakeFile{data: before}
		j := mustOpen(t, t.TempDir(), Options{disk: d, Log: slog.New(slog.NewTextHandler(log, nil))})
		st := j.State()
		if st.Damaged == 0 || strings.Count(log.String(), "\n") != 1 || len(st.Files) != 1 || st.Files[0].Acked != 30 || st.Lanes[0].Offset != 2 {
			t.Errorf("line %d: %+v\n%s", line, st, log)
		}
	}
}

// What is not a journal is never fatal, and said in one line.
func TestNotAJournal(t *testing.T) {
	f := func(damaged bool, make func(name string)) {
		t.Helper()
		dir, log := t.TempDir(), &strings.Builder{}
		make(filepath.Join(dir, "journal.000004"))
		j := mustOpen(t, dir, Options{Log: slog.New(slog.NewTextHandler(log, nil))})
		st := j.State()
		if !st.Fresh || (st.Damaged > 0) != damaged || strings.Count(log.String(), "level=ERROR") != st.Damaged || st.Damaged > 1 {
			t.Errorf("%+v\n%s", st, log)
		}
		mustWrite(t, j, Record{File: &File{ID: j.NewFile(), Path: "/log"}})
		j.Close()
		if st := mustOpen(t, dir, Options{}).State(); len(st.Files) != 1 || st.Damaged != 0 {
			t.Errorf("the next run: %+v", st)
		}
	}
	// nothing there
	f(false, func(string) {})
	// an empty file
	f(true, func(name string) { os.WriteFile(name, nil, 0o600) })
	// a directory
	f(true, func(name string) { os.Mkdir(name, 0o700) })
	// a link to nowhere
	f(true, func(name string) { os.Symlink("nowhere", name) })
	if os.Getuid() != 0 { // a file that we may not read
		f(true, func(name string) { os.WriteFile(name, realFile(t), 0) })
	}
}

func TestGarbageIsOneDamage(t *testing.T) {
	f := func(garbage string, want int) {
		t.Helper()
		l := read(append(realFile(t), garbage...))
		if l.damage != want {
			t.Errorf("%.20q: damage %d, want %d", garbage, l.damage, want)
		}
	}
	// the tail that a crash leaves
	f("12345678 {\"ack", 0)
	// blocks that were never written
	f(strings.Repeat("\x00", 5000), 0)
	// the same, and then something was written
	f(strings.Repeat("\x00", 5000)+"\n", 1)
	// a line longer than the reader's buffer
	f(strings.Repeat("x", 1<<20)+"\n", 1)
	// a record that fits nothing
	f(string(appendLine(nil, ack(9, 1, 1))), 1)
	// two records in a line, none, one of a later version
	f(string(appendSum([]byte(`{"end":{"records":1},"forget":{"id":1}}`)))+"\n", 1)
	f(string(appendSum([]byte(`{}`)))+"\n", 1)
	f(string(appendSum([]byte(`{"later":1}`)))+"\n", 1)
}

func FuzzReplay(f *testing.F) {
	whole := realFile(f)
	f.Add(whole)
	f.Add(bytes.ReplaceAll(whole, []byte("8"), []byte("9")))
	f.Add([]byte(hex.EncodeToString(whole[:100])))
	f.Fuzz(func(t *testing.T, data []byte) {
		l := read(data)
		v := l.fold.view()
		v.state()
		// What was understood is kept by the next snapshot.
		next := appendLine(nil, Record{Header: &Header{Format: formatVersion}})
		records := 1
		for r := range l.fold.snapshot {
			next = appendLine(next, r)
			records++
		}
		next = appendLine(next, Record{End: &End{Records: records}})
		if again := read(next); again.damage != 0 || again.print() != l.print() {
			t.Errorf("\n got %s\nwant %s", again.print(), l.print())
		}
	})
}
