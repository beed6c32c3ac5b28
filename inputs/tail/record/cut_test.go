package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"tailrace/agent/flow"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustRead(t testing.TB, o Options) *Reading {
	t.Helper()
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(r.Spec())
	if err != nil || again.Spec() != r.Spec() {
		t.Fatalf("spec %s is not read as it was written: %v", r.Spec(), err)
	}
	return again // what is read back from a journal cuts in the same way
}

// show is a record in one text: its offset, value and headers.
func show(c *flow.Chunk, n int) string {
	text := fmt.Sprintf("%d %q", c.Offset(n), c.Line(n))
	for _, h := range c.Records[n].Headers {
		text += fmt.Sprintf(" %s=%s", h.Key, h.Value)
	}
	return text
}

// follow cuts data as a follower does: it reads more of it step by step, as
// much as size says, and goes on from what was used. At the end, end is told.
// Every span that a batch could end with is cut again.
func follow(t testing.TB, r *Reading, data []byte, end End, size func() int) (got []string, rest int, counts Counts) {
	t.Helper()
	k, again := &Cutter{}, &Cutter{}
	pos, part, seen := 0, 0, 0
	for turns := 0; ; turns++ {
		if turns > 100*len(data)+100 {
			t.Fatalf("no progress at %d", pos)
		}
		seen = min(len(data), seen+size())
		c := &flow.Chunk{Path: "/a.log", Start: int64(pos), Data: data[pos:min(seen, pos+r.Window())], Part: part, Time: 1e12, Reading: 1}
		what := More
		if pos+len(c.Data) == len(data) {
			what = end
		}
		used, next := k.Cut(r, c, what)
		if used == 0 {
			if len(c.Data) >= r.Window() {
				t.Fatalf("nothing used of %d bytes at %d", len(c.Data), pos)
			}
			if seen == len(data) {
				return got, len(data) - pos, counts
			}
			continue
		}
		recut(t, again, r, c, used, next)
		for n := range c.Records {
			got = append(got, show(c, n))
		}
		counts = counts.Plus(k.Counts(len(c.Records)), 1)
		pos, part = pos+used, next
	}
}

// recut checks that the bytes up to each clean record are cut into the records
// up to there.
func recut(t testing.TB, again *Cutter, r *Reading, c *flow.Chunk, used, next int) {
	t.Helper()
	n := len(c.Records)
	if n > 0 && (int(c.Records[n-1].End) != used || c.Records[n-1].Part != next || !c.Records[n-1].Clean) {
		t.Fatalf("%d bytes used, state %d, but the last record is %+v", used, next, c.Records[n-1])
	}
	for i := range c.Records {
		to := c.Records[i]
		if !to.Clean || i%37 != 0 && i != n-1 && n > 50 {
			continue
		}
		part := &flow.Chunk{Path: c.Path, Start: c.Start, Data: c.Data[:to.End], Part: c.Part, Time: c.Time, Reading: 1}
		if !again.Again(r, part, to.Part) || len(part.Records) != i+1 {
			t.Fatalf("%q from state %d to %d: cut into %d records again, want %d", part.Data, c.Part, to.Part, len(part.Records), i+1)
		}
		for j := range part.Records {
			if show(part, j) != show(c, j) {
				t.Fatalf("record %d is %s, and was %s", j, show(part, j), show(c, j))
			}
		}
	}
}

// cuts is what comes of data, however it is read.
func cuts(t *testing.T, o Options, data string, end End, want ...string) {
	t.Helper()
	r := mustRead(t, o)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i, size := range []func() int{
		func() int { return len(data) },
		func() int { return 1 },
		func() int { return 1 + rnd.IntN(20) },
	} {
		got, _, _ := follow(t, r, []byte(data), end, size)
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%q in way %d:\n%s\nwant\n%s", data, i, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestMultiline(t *testing.T) {
	start := Options{Multiline: Multiline{Start: `^\d`}}
	trace := "1 a\n at x\n at y\n2 b\n3 c\n\n at z\n"
	cuts(t, start, trace, Quiet, `0 "1 a\n at x\n at y"`, `16 "2 b"`, `20 "3 c\n\n at z"`)
	cuts(t, start, trace, More, `0 "1 a\n at x\n at y"`, `16 "2 b"`)
	// a line that has begun may belong to the record: it waits, until the file ends
	cuts(t, start, trace+" at", Quiet, `0 "1 a\n at x\n at y"`, `16 "2 b"`)
	cuts(t, start, trace+" at", Last, `0 "1 a\n at x\n at y"`, `16 "2 b"`, `20 "3 c\n\n at z\n at"`)
	// what is before the first beginning is a record too
	cuts(t, start, " at w\n at x\n1 a\n", Quiet, `0 " at w\n at x"`, `12 "1 a"`)
	goesOn := Options{Multiline: Multiline{Continue: `^\s`}}
	cuts(t, goesOn, "a\n b\n c\nd\n\ne\n f\n", Quiet, `0 "a\n b\n c"`, `8 "d"`, `10 ""`, `11 "e\n f"`)
	both := Options{Multiline: Multiline{Start: `^\d`, Continue: `^\s`}}
	cuts(t, both, "1 a\n b\nx\n c\n2 d\n", Quiet, `0 "1 a\n b"`, `7 "x\n c"`, `12 "2 d"`)
	// "$" is the end of the line also where that has a "\r"
	cuts(t, Options{Multiline: Multiline{Start: `^-$`}}, "-\r\na\r\n-\r\nb\r\n", Quiet, `0 "-\r\na\r"`, `6 "-\r\nb\r"`)
}

// The pieces of a record, one behind the other, are the record: what ends with a
// line has its newline.
func TestMultilineLimits(t *testing.T) {
	o := Options{Multiline: Multiline{Start: `^\d`, MaxLines: 3}}
	cuts(t, o, "1\na\nb\nc\nd\ne\nf\n2\n", Quiet,
		`0 "1\na\nb\n" part=1`, `6 "c\nd\ne\n" part=2`, `12 "f" part=3/3`, `14 "2"`)
	o = Options{Multiline: Multiline{Start: `^\d`}, MaxLine: 16}
	cuts(t, o, "1\n23456789\nabcdef\nx\n2\n", Quiet, `0 "1"`, `2 "23456789\nabcdef\n" part=1`, `18 "x" part=2/2`, `20 "2"`)
	cuts(t, o, "1\n0123456789abcdefghi\nx\n2\n", Quiet, `0 "1"`, `2 "0123456789abcdef" part=1`, `18 "ghi\nx" part=2/2`, `24 "2"`)
	o.Encoding = "utf-16le"
	cuts(t, o, utf16Text("1\n2é\nabcde\nx\n3\n", false), Quiet, `0 "1"`, `4 "2é\nabcde\n" part=1`, `22 "x" part=2/2`, `26 "3"`)
}

func TestLongLines(t *testing.T) {
	long := strings.Repeat("0123456789", 4)
	split := Options{MaxLine: 16}
	cuts(t, split, "a\n"+long+"\nb\n", More, `0 "a"`, `2 "0123456789012345" part=1`, `18 "6789012345678901" part=2`, `34 "23456789" part=3/3`, `43 "b"`)
	cuts(t, split, long[:16]+"\n"+long[:17]+"\n", More, `0 "0123456789012345"`, `17 "0123456789012345" part=1`, `33 "6" part=2/2`)
	cuts(t, split, long, Last, `0 "0123456789012345" part=1`, `16 "6789012345678901" part=2`, `32 "23456789" part=3/3`)
	// characters stay whole
	cuts(t, split, "012345678901234éx\n", More, `0 "012345678901234" part=1`, `15 "éx" part=2/2`)
	cuts(t, Options{MaxLine: 16, Encoding: "gbk"}, "012345678901234\xc4\xe3x\n", More, `0 "012345678901234" part=1`, `15 "你x" part=2/2`)
	short := Options{MaxLine: 16, LongLines: Truncate}
	cuts(t, short, "a\n"+long+"\nb\n", More, `0 "a"`, `2 "0123456789012345" truncated=40`, `43 "b"`)
	// what is left out is left out as a whole, and what is not is not
	cuts(t, Options{MaxLine: 16, Include: []string{"^0"}}, "a\n"+long+"\nx"+long+"\n0b\n", More,
		`2 "0123456789012345" part=1`, `18 "6789012345678901" part=2`, `34 "23456789" part=3/3`, `85 "0b"`)
	cuts(t, Options{MaxLine: 16, Include: []string{"^0"}}, "x123456789abcdef0123456789abcdef0123456789\n0b\n", More, `43 "0b"`)
}

// A line of which pieces were given without any options goes on with them.
func TestLongLineFromBefore(t *testing.T) {
	c := flow.Chunk{Data: []byte("the rest\nb\n"), Part: 4, Reading: 1}
	if used, part := new(Cutter).Cut(mustRead(t, Options{MaxLine: 16}), &c, More); used != len(c.Data) || part != 0 {
		t.Errorf("used %d bytes, state %d", used, part)
	}
	if got := show(&c, 0) + ", " + show(&c, 1); got != `0 "the rest" part=5/5, 9 "b"` {
		t.Error(got)
	}
}

// The length of a line is known when it ends within what is looked at, and only
// then. What is behind it is whole.
func TestTruncateWhatHasNoEnd(t *testing.T) {
	f := func(o Options, most, n int, known string) {
		t.Helper()
		o.LongLines = Truncate
		data := "a\n" + strings.Repeat("x", n) + "\nb\n"
		r := mustRead(t, o)
		for _, step := range []int{most, 1 << 30} {
			got, _, counts := follow(t, r, []byte(data), More, func() int { return step })
			want := []string{`0 "a"`, fmt.Sprintf("2 %q truncated=%s", strings.Repeat("x", most), known), fmt.Sprintf(`%d "b"`, n+3)}
			if !slices.Equal(got, want) || counts.Long != 1 {
				t.Errorf("%d bytes in steps of %d: %.200q, counts %+v", n, step, got, counts)
			}
		}
	}
	for _, most := range []int{100, DefaultMaxLine} {
		o := Options{MaxLine: int64(most)}
		window := mustRead(t, o).Window()
		f(o, most, window-1, fmt.Sprint(window-1))
		f(o, most, window, "true")
		f(o, most, 3*window+5, "true")
	}
}

// A record of several lines is whole though the line behind it is too long.
func TestLongLineBehindRecord(t *testing.T) {
	const most = 1 << 18
	r := mustRead(t, Options{MaxLine: most, Multiline: Multiline{Start: `^\d`}})
	first, second := "1\n"+strings.Repeat("x", most-9), "2"+strings.Repeat("y", 3*most-1)
	for _, step := range []int{most / 2, 1 << 30} {
		got, _, _ := follow(t, r, []byte(first+"\n"+second+"\n3\n4\n"), More, func() int { return step })
		want := []string{fmt.Sprintf("0 %q", first)}
		for n := range 3 {
			part := fmt.Sprint(n + 1)
			if n == 2 {
				part = "3/3"
			}
			want = append(want, fmt.Sprintf("%d %q part=%s", len(first)+1+n*most, second[n*most:(n+1)*most], part))
		}
		want = append(want, fmt.Sprintf(`%d "3"`, len(first)+len(second)+2))
		if !slices.Equal(got, want) {
			t.Errorf("in steps of %d:", step)
			for _, text := range got {
				t.Errorf("%.30s … %s", text, text[max(0, len(text)-20):])
			}
		}
	}
}

// What is kept of a record that is cut off is its text, without the newline at its
// end, and nothing of the other stream.
func TestLongIsKept(t *testing.T) {
	f := func(o Options, data string, want ...string) {
		t.Helper()
		o.MaxLine, o.LongLines = 16, DeadLetter
		r := mustRead(t, o)
		c := &flow.Chunk{Data: []byte(data), Reading: 1}
		var k Cutter
		k.Cut(r, c, Quiet)
		var got []string
		for _, r := range k.Long() {
			got = append(got, string(k.Kept(r)))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	long := strings.Repeat("0123456789", 4)
	f(Options{}, "a\n"+long+"\nb\n", long)
	f(Options{Multiline: Multiline{Start: `^\d`}}, "1\nx"+long+"\n\n2\n", "1\nx"+long+"\n")
	f(Options{Exclude: []string{"^0"}}, long+"\n")
	f(Options{Encoding: "utf-16be"}, utf16Text("\ufeff"+long+"é\nb\n", true), long+"é")
	f(Options{Encoding: "gbk"}, long+"\xc4\xe3\n", long+"你")
	line := func(rest string) string { return at + " " + rest + "\n" }
	f(Options{Container: CRI}, line("stdout P "+long)+line("stderr F e")+line("stdout P "+long)+line("stderr F "+long+"2")+"odd\n"+line("stdout F x")+line("stdout F y"),
		long+long+"x", long+"2")
	f(Options{Container: CRI, Multiline: Multiline{Start: `^\d`}}, line("stdout F 1")+line("stderr F 1 e")+line("stdout P a"+long)+line("stdout F b")+line("stdout F c")+line("stdout F 2")+line("stderr F 2"),
		"1\na"+long+"b\nc")
	f(Options{Container: CRI}, strings.Repeat("odd", 10)+"\n", strings.Repeat("odd", 10))
	f(Options{Container: Docker}, `{"log":"`+long+`\u003c","stream":"stdout","time":"`+at+`"}`+"\n"+`{"log":"\n","stream":"stdout","time":"`+at+`"}`+"\n", long+"<")
}

func TestIncludeExclude(t *testing.T) {
	o := Options{Include: []string{"ERROR", "WARN$"}, Exclude: []string{"health"}}
	data := "INFO a\nERROR b\nx WARN\r\nWARN x\nERROR health\nERROR é\n"
	cuts(t, o, data, More, `7 "ERROR b"`, `15 "x WARN\r"`, `43 "ERROR é"`)
	_, _, counts := follow(t, mustRead(t, o), []byte(data), More, func() int { return 7 })
	if counts != (Counts{Excluded: 3, ExcludedBytes: 27}) {
		t.Errorf("counts %+v", counts)
	}
	// a byte order mark is not seen, and stays
	cuts(t, Options{Include: []string{"^a"}}, "\ufeffa\nb\n", More, `0 "\ufeffa"`)
	// they see the record, not its lines
	cuts(t, Options{Multiline: Multiline{Continue: `^\s`}, Include: []string{"boom"}}, "a\n boom\nb\n bam\n", Quiet, `0 "a\n boom"`)
	cuts(t, Options{Exclude: []string{"^"}}, "a\nb\n", More)
}

func TestEncodings(t *testing.T) {
	f := func(encoding, data, want string) {
		t.Helper()
		cuts(t, Options{Encoding: encoding}, data+"\n", More, fmt.Sprintf(`0 %q`, want))
	}
	f("iso-8859-1", "M\xfcller \x80", "Müller \u0080")
	f("iso-8859-15", "\xa4", "€")
	f("windows-1252", "\x80 \x93x\x94", "€ “x”")
	f("windows-1251", "\xcf\xf0\xe8\xe2\xe5\xf2", "Привет")
	f("koi8-r", "\xf0\xd2\xc9\xd7\xc5\xd4", "Привет")
	f("gbk", "\xc4\xe3\xba\xc3", "你好")
	f("gb18030", "\xc4\xe3\x95\x32\x82\x36", "你𠀀")
	f("big5", "\xa7\x41\xa6\x6e", "你好")
	f("shift-jis", "\x93\xfa\x96\x7b \\", "日本 \\")
	f("gbk", "a\xffb", "a\ufffdb")
	cuts(t, Options{Encoding: "utf-16le"}, utf16Text("a\né𠀀\n\u0a0a\n", false), More, `0 "a"`, `4 "é𠀀"`, `12 "ਊ"`)
	cuts(t, Options{Encoding: "utf-16be"}, utf16Text("a\né𠀀\n\u0a0a\n", true), More, `0 "a"`, `4 "é𠀀"`, `12 "ਊ"`)
	// the byte order mark is not part of the line
	cuts(t, Options{Encoding: "utf-16le"}, utf16Text("\ufeffa\nb\ufeff\n", false), More, `0 "a"`, `6 "b\ufeff"`)
	cuts(t, Options{Encoding: "utf-16le"}, utf16Text("a\n\ufeffb\n", false), More, `0 "a"`, `4 "\ufeffb"`)
	// a newline may be split over two reads, and half a character waits
	cuts(t, Options{Encoding: "utf-16le"}, utf16Text("ab\n", false)[:5], More)
	cuts(t, Options{Encoding: "utf-16le", MaxLine: 16}, utf16Text("0123456𠀀x\n", false), More, `0 "0123456" part=1`, `14 "𠀀x" part=2/2`)
	_, _, counts := follow(t, mustRead(t, Options{Encoding: "gbk"}), []byte("a\xffb\n\xff\xff\n"), More, func() int { return 3 })
	if counts.Invalid != 3 {
		t.Errorf("%d invalid characters", counts.Invalid)
	}
}

func utf16Text(s string, big bool) string {
	var b []byte
	unit := func(u rune) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	for _, r := range s {
		if r >= 0x10000 {
			r -= 0x10000
			unit(0xd800 + r>>10)
			unit(0xdc00 + r&0x3ff)
		} else {
			unit(r)
		}
	}
	return string(b)
}

func TestResolve(t *testing.T) {
	f := func(first, want string) {
		t.Helper()
		if got := (Options{Encoding: "UTF-16"}).Resolve([]byte(first)).Encoding; got != want {
			t.Errorf("a file that begins with %q is %s, want %s", first, got, want)
		}
	}
	f("\xfe\xff\x00a", "utf-16be")
	f("\xff\xfea\x00", "utf-16le")
	f("a\x00", "utf-16le")
	f("\xfe", "utf-16le")
	if o := (Options{Encoding: "gbk"}); o.ByMark() || o.Resolve([]byte("\xfe\xff")).Encoding != "gbk" {
		t.Error("the first bytes of a file in gbk decide")
	}
	if _, err := New(Options{Encoding: "utf-16"}); err == nil {
		t.Error("cut without a byte order")
	}
}

const at = "2026-11-23T00:00:00.5Z"

func TestCRI(t *testing.T) {
	o := Options{Container: CRI}
	head := func(stream string) string { return " stream=" + stream + " time=" + at }
	line := func(rest string) string { return at + " " + rest + "\n" }
	cuts(t, o, line("stdout F hello world")+line("stderr F ")+line("stdout F"), More,
		`0 "hello world"`+head("stdout"), `44 ""`+head("stderr"), `77 ""`+head("stdout"))
	// pieces are joined by their stream, records come in the order in which they begin
	data := line("stdout P one ") + line("stderr F err") + line("stdout P two ") + line("stderr P e1 ") + line("stdout F:x three") + line("stderr F e2")
	cuts(t, o, data, More, `0 "one two three"`+head("stdout"), `37 "err"`+head("stderr"), `110 "e1 e2"`+head("stderr"))
	// nothing is given while a piece waits, but at the end of the file
	cuts(t, o, line("stdout P one ")+line("stderr F err"), Quiet)
	cuts(t, o, line("stdout P one ")+line("stderr F err"), Last, `0 "one "`+head("stdout"), `37 "err"`+head("stderr"))
	bad := []string{"hello", at + " stdout", at + " stdin F x", at + " stdout X x", "yesterday stdout F x", ""}
	for _, text := range bad {
		cuts(t, o, text+"\n"+line("stdout F x"), More, fmt.Sprintf(`0 %q malformed=cri`, text), fmt.Sprintf(`%d "x"`, len(text)+1)+head("stdout"))
	}
	_, _, counts := follow(t, mustRead(t, o), []byte(strings.Join(bad, "\n")+"\n"), More, func() int { return 9 })
	if counts.Malformed != int64(len(bad)) {
		t.Errorf("%d lines malformed", counts.Malformed)
	}
}

func TestDocker(t *testing.T) {
	o := Options{Container: Docker}
	line := func(log, stream string) string {
		return `{"log":"` + log + `","stream":"` + stream + `","time":"` + at + "\"}\n"
	}
	head := func(stream string) string { return " stream=" + stream + " time=" + at }
	a, b, c := line(`one \u00e9\"`, "stdout"), line(`err\n`, "stderr"), line(` two\r\n`, "stdout")
	cuts(t, o, a+b+c, More, `0 "one é\" two\r"`+head("stdout"), fmt.Sprintf(`%d "err"`, len(a))+head("stderr"))
	for _, log := range []string{`<a>\u003c\/\t\\`, `\ud834\udd1e`, `\u00E9\b`, "\xff", "é"} {
		var text string
		must(t, json.Unmarshal([]byte(`"`+log+`"`), &text))
		cuts(t, o, line(log+`\n`, "stdout"), More, fmt.Sprintf("0 %q", text)+head("stdout"))
	}
	cuts(t, o, `{"stream":"stderr", "time":"`+at+`", "log":"x\n", "attrs":{"a":"b"}}`+"\n", More, `0 "x"`+head("stderr"))
	for _, text := range []string{"{}", `{"log":"x","stream":"stdout"}`, `{"log":"x\n","stream":"x","time":"` + at + `"}`, `{"log":`} {
		cuts(t, o, text+"\n", More, fmt.Sprintf(`0 %q malformed=docker`, text))
	}
}

// Multi-line records of the streams of a container do not mix, and one that is
// silent is given in the end.
func TestContainerMultiline(t *testing.T) {
	o := Options{Container: CRI, Multiline: Multiline{Start: `^\d`}}
	head := func(stream string) string { return " stream=" + stream + " time=" + at }
	line := func(rest string) string { return at + " " + rest + "\n" }
	data := line("stdout F 1 a") + line("stderr F 1 x") + line("stdout F  b") + line("stderr P  y") + line("stderr F z") + line("stdout F 2") + line("stderr F 2")
	cuts(t, o, data, More, `0 "1 a\n b"`+head("stdout"), `36 "1 x\n yz"`+head("stderr"))
	busy := line("stderr F 1 x")
	want := []string{`0 "1"` + head("stdout")}
	data = line("stdout F 1") + strings.Repeat(busy, silence/len(busy)+2)
	got, rest, _ := follow(t, mustRead(t, o), []byte(data), More, func() int { return 5000 })
	if len(got) == 0 || got[0] != want[0] || rest != len(busy) {
		t.Errorf("%d records, the first %q, %d bytes wait", len(got), got[:1], rest)
	}
}

// What a stream of a container waits with is given when it keeps others waiting:
// a line that goes on as a piece, which is numbered and not called long.
func TestContainerStalled(t *testing.T) {
	head := func(stream string) string { return " stream=" + stream + " time=" + at }
	line := func(rest string) string { return at + " " + rest + "\n" }
	f := func(o Options, data string, end End, want ...string) {
		t.Helper()
		o.Container = CRI
		cuts(t, o, data, end, want...)
		if _, _, counts := follow(t, mustRead(t, o), []byte(data), end, func() int { return len(data) }); counts.Long > 0 {
			t.Errorf("%d records are long", counts.Long)
		}
	}
	waits := line("stdout P one ") + line("stderr F err")
	given := []string{`0 "one " part=1` + head("stdout"), `37 "err"` + head("stderr")}
	f(Options{}, waits, Quiet)
	f(Options{}, waits, Stalled, given...)
	f(Options{}, waits, Stalled|Quiet, given...)
	f(Options{}, line("stdout P one "), Stalled, given[0])
	// a line that is being written is none
	f(Options{}, waits+at, Stalled, given...)
	// a record of lines is complete, unless more of it may come now
	lines := Options{Multiline: Multiline{Start: `^\d`}}
	waits = line("stderr F 1 x") + line("stdout P 1 ") + line("stdout F a") + line("stdout F 2 b")
	given = []string{`0 "1 x"` + head("stderr"), `36 "1 a"` + head("stdout")}
	f(lines, waits, Stalled, given...)
	f(lines, waits, Stalled|Quiet, append(given, `105 "2 b"`+head("stdout"))...)
	// and what goes on is the next piece
	r, c, k := mustRead(t, Options{Container: CRI}), &flow.Chunk{Data: []byte(line("stdout P one ")), Reading: 1}, &Cutter{}
	used, part := k.Cut(r, c, Stalled)
	c.Start, c.Part, c.Data = int64(used), part, []byte(line("stderr F e")+line("stdout F two"))
	k.Cut(r, c, More)
	if got, want := show(c, 1), fmt.Sprintf(`%d "two" part=2/2`, used+len(line("stderr F e")))+head("stdout"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// A line of a container that goes on for too long comes in pieces, also when the
// other stream has lines in between.
func TestContainerLong(t *testing.T) {
	o := Options{Container: CRI, MaxLine: 1000}
	part := strings.Repeat("x", 600)
	var b bytes.Buffer
	for i := range 2000 { // 1.2 MB, more than the window
		tag := "P"
		if i == 1999 {
			tag = "F"
		}
		fmt.Fprintf(&b, "%s stdout %s %s\n", at, tag, part)
		if i%10 == 0 {
			fmt.Fprintf(&b, "%s stderr F %d\n", at, i)
		}
	}
	got, rest, _ := follow(t, mustRead(t, o), b.Bytes(), More, func() int { return 100_000 })
	pieces, others := 0, 0
	for _, g := range got {
		switch {
		case strings.Contains(g, "stream=stderr"):
			if !strings.Contains(g, fmt.Sprintf("%q", fmt.Sprint(others*10))) {
				t.Fatalf("stderr: %q, want %d", g, others*10)
			}
			others++
		case strings.Contains(g, part):
			pieces++
			if !strings.Contains(g, fmt.Sprintf("part=%d", pieces)) {
				t.Fatalf("piece %d is %q", pieces, g)
			}
		}
	}
	if rest != 0 || others != 200 || pieces != 2000 || !strings.Contains(got[len(got)-1], "part=2000/2000") {
		t.Errorf("%d pieces, %d lines of the other stream, %d bytes left; the last: %q", pieces, others, rest, got[len(got)-1])
	}
}

func TestJSON(t *testing.T) {
	f := func(o Options, line, headers, want string) {
		t.Helper()
		if !json.Valid([]byte(want)) {
			t.Errorf("%s is not JSON", want)
		}
		cuts(t, o, line+"\n", More, fmt.Sprintf("0 %q%s", want, headers))
	}
	fields := map[string]string{"service.name": "shop", "service.env": `"x"`, "host.ip": "::1", "tag": "é"}
	f(Options{Format: JSON, Host: "web-1", Fields: fields}, "a \"b\"\\\t\x01\xffé\u2028", "",
		`{"@timestamp":"2001-09-09T01:46:40.000Z","host":{"name":"web-1","ip":"::1"},"log":{"file":{"path":"/a.log"},"offset":0},`+
			`"message":"a \"b\"\\\t\u0001`+"\ufffdé\u2028"+`","service":{"env":"\"x\"","name":"shop"},"tag":"é"}`)
	f(Options{Format: JSON, Container: CRI}, at+" stderr F x", " stream=stderr time="+at,
		`{"@timestamp":"`+at+`","host":{"name":""},"log":{"file":{"path":"/a.log"},"offset":0},"message":"x","stream":"stderr"}`)
	f(Options{Format: JSON, Encoding: "gbk"}, "\xc4\xe3", "",
		`{"@timestamp":"2001-09-09T01:46:40.000Z","host":{"name":""},"log":{"file":{"path":"/a.log"},"offset":0},"message":"你"}`)
}

// However short an object is made, it is one, and as long as it may be.
func TestShortObject(t *testing.T) {
	r := mustRead(t, Options{Format: JSON, Fields: map[string]string{"z": "y"}})
	c := flow.Chunk{Data: []byte("a\"\\\x01é\n"), Reading: 1}
	if used, _ := new(Cutter).Cut(r, &c, More); used == 0 {
		t.Fatal("no record")
	}
	whole := len(c.Line(0))
	least := whole - len(`a\"\\\u0001é`)
	last := ""
	for n := least; n <= whole; n++ {
		short := c.Records[0].Short(n)
		var v struct{ Message, Z string }
		if err := json.Unmarshal(short, &v); err != nil || len(short) > n || v.Z != "y" || !strings.HasPrefix("a\"\\\x01é", v.Message) || len(v.Message) < len(last) {
			t.Errorf("%d bytes: %s, %v", n, short, err)
		}
		last = v.Message
	}
	if last != "a\"\\\x01é" {
		t.Errorf("with enough room: %q", last)
	}
}

func TestState(t *testing.T) {
	for _, s := range []state{
		{}, {{pieces: 5}}, {{pieces: 1<<24 - 1, skip: cutOff, mid: true}, {pieces: 255, skip: filtered, mid: true}, {pieces: 3, skip: cutOff, mid: true}},
		{{}, {mid: true}}, {{}, {}, {skip: filtered}},
	} {
		n := s.pack()
		if unpack(n) != s || n < 0 || n >= 1<<53 {
			t.Errorf("%+v is %d, which is %+v", s, n, unpack(n))
		}
	}
	if unpack(7) != (state{{pieces: 7}}) || !Simple(7) || Simple(state{{mid: true}}.pack()) {
		t.Error("a number of pieces is not the state")
	}
}
