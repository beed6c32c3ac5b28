package verify

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tailrace/agent/proof"
	"tailrace/inputs/tail/record"
	"tailrace/inputs/tail/unpack/unpacktest"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fileOf is a file with a text; gz compresses it.
func fileOf(t *testing.T, text string, gz bool) *File {
	t.Helper()
	name, data := filepath.Join(t.TempDir(), "a.log"), []byte(text)
	if gz {
		name, data = name+".gz", unpacktest.Pack(t, "a.gz", data)
	}
	must(t, os.WriteFile(name, data, 0o644))
	return &File{Path: "/a.log", At: name, To: int64(len(text)), Open: func() (*os.File, error) { return os.Open(name) }}
}

// offsets is where the records of f begin.
func offsets(t *testing.T, f *File, from proof.Resume) (out []int64, err error) {
	t.Helper()
	w := &work{}
	c, err := f.open()
	must(t, err)
	defer c.close()
	k := w.cutting(f, c)
	defer w.spare(k)
	k.from = from
	err = k.records(t.Context(), func(r proof.Record, _ proof.Resume) bool {
		out = append(out, r.Offset)
		return true
	})
	return out, err
}

// Records are cut from where reading began up to what is shipped, also when the
// last bytes of that are the first of another file.
func TestCutting(t *testing.T) {
	for _, gz := range []bool{false, true} {
		f := func(what string, file *File, want ...int64) {
			t.Helper()
			got, err := offsets(t, file, proof.Resume{Offset: file.From})
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: %v, %v; want %v", what, got, err, want)
			}
		}
		file := fileOf(t, "one\ntwo\nthree\nha", gz)
		file.To = 14
		f("lines", file, 0, 4, 8)
		file.From, file.To = 4, 8
		f("some of them", file, 4)
		file.From, file.To = 8, 21
		file.Rest, file.RestBytes = fileOf(t, "lf...\nmore\n", false), 5
		f("joined", file, 8, 14)
		holes := fileOf(t, string(make([]byte, 100))+"a\nb\n", gz)
		f("NULs at the beginning", holes, 100, 102)
		few := fileOf(t, "\x00a\nb\n", gz)
		f("a line that begins with a NUL", few, 0, 3)
		few.After = true
		f("the same behind another file", few, 1, 3)
	}
	short := fileOf(t, "one\n", false)
	short.To = 8
	if got, err := offsets(t, short, proof.Resume{}); err == nil {
		t.Errorf("a file that is shorter than what was shipped of it: %v", got)
	}
}

// What comes of a file from a place on is what came there before.
func TestResume(t *testing.T) {
	var text bytes.Buffer
	for i := range 40_000 {
		fmt.Fprintf(&text, "%d %s\n", i, bytes.Repeat([]byte("x"), i%97))
	}
	text.Write(bytes.Repeat([]byte("long "), 500_000))
	text.WriteString("\nlast\n")
	file := fileOf(t, text.String(), false)
	file.Record = &record.Options{MaxLine: 10_000, Multiline: record.Multiline{Start: "^[0-9]*[02468] "}}
	type place struct {
		record proof.Record
		from   proof.Resume
	}
	var all []place
	w := &work{}
	c, err := file.open()
	must(t, err)
	defer c.close()
	k := w.cutting(file, c)
	must(t, k.records(t.Context(), func(r proof.Record, from proof.Resume) bool {
		all = append(all, place{r, from})
		return true
	}))
	if len(all) < 20_000 {
		t.Fatalf("%d records", len(all))
	}
	for i := 0; i < len(all); i += 997 {
		k := w.cutting(file, c)
		k.from = all[i].from
		found := false
		must(t, k.records(t.Context(), func(r proof.Record, _ proof.Resume) bool {
			found = r == all[i].record
			return !found && (r.Offset < all[i].record.Offset || r.Offset == all[i].record.Offset && r.Part < all[i].record.Part)
		}))
		if !found {
			t.Fatalf("record %d at %d does not come again from %+v", i, all[i].record.Offset, all[i].from)
		}
	}
}

// A line of a container that was shipped in pieces before its end begins with
// the first of them.
func TestBegins(t *testing.T) {
	line := func(rest string) string { return "2026-11-23T00:00:00.5Z " + rest + "\n" }
	text := line("stdout F a") + line("stdout P one ") + line("stderr F x") + line("stdout P two ") + line("stdout F three")
	f := func(offset int, value string, want bool) {
		t.Helper()
		file := fileOf(t, text, false)
		file.Record = &record.Options{Container: record.CRI}
		c, err := file.open()
		must(t, err)
		defer c.close()
		w := &work{}
		k := w.cutting(file, c)
		defer w.spare(k)
		if k.begins(proof.Record{Offset: int64(offset), Size: int32(len(value)), Value: hash([]byte(value))}) != want {
			t.Errorf("%q at %d: not %v", value, offset, want)
		}
	}
	at := len(line("stdout F a"))
	f(at, "one ", true)
	f(at, "one two ", true)
	f(at, "one", false)
	f(at, "two ", false)
	f(at, "one too ", false)
	f(0, "one ", false)
}

func TestComplete(t *testing.T) {
	space := func(text string, nuls, width int, from, complete, want int64) {
		t.Helper()
		text += strings.Repeat("\x00", nuls)
		for _, gz := range []bool{false, true} {
			c, err := fileOf(t, text, gz).open()
			must(t, err)
			got, end, err := c.lines(from, width)
			c.close()
			if err != nil || got != complete || end != want {
				t.Errorf("%d bytes from %d (compressed: %v): complete up to %d of %d, %v; want %d of %d", len(text), from, gz, got, end, err, complete, want)
			}
		}
	}
	f := func(text string, from, complete int64) {
		t.Helper()
		space(text, 0, 1, from, complete, int64(len(text)))
	}
	f("", 0, 0)
	f("a\n", 0, 2)
	f("a\nb", 0, 2)
	f("a\nb", 2, 2)
	f("ab", 0, 0)
	long := string(bytes.Repeat([]byte("x"), 200_000))
	f("a\n"+long, 0, 2)
	f("a\n"+long+"\n", 0, 200_003)

	// space that was taken in advance
	space("", 9, 1, 0, 0, 0)
	space("a\n", 9, 1, 0, 2, 2)
	space("a\n", 9, 1, 2, 2, 2)
	space("a\n", 200_000, 1, 0, 2, 2)
	space("a\nb", 200_000, 1, 0, 2, 3)
	space("a\nb", 63, 1, 0, 2, 66) // may be text
	space("a\nb", 64, 1, 0, 2, 3)
	space("a\n"+long+"\n", 200_000, 1, 0, 200_003, 200_003)
	// in UTF-16
	space("a\x00\n\x00", 0, 2, 0, 4, 4)
	space("a\x00\n\x00", 100, 2, 0, 4, 4)
	space("\x00a\x00\n", 100, 2, 0, 4, 4)
	space("a\x00\n\x00b\x00", 100, 2, 0, 4, 6)
}

func TestParsePart(t *testing.T) {
	f := func(text string, part int32, last bool) {
		t.Helper()
		if p, l := parsePart([]byte(text)); p != part || l != last {
			t.Errorf("%q gave %d, %v", text, p, l)
		}
	}
	f("1", 1, false)
	f("12/12", 12, true)
	f("x", 0, false)
	f("", 0, false)
	f("99999999999", 0, false)
}
