package record

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// fuzzed are options that differ in how they cut.
var fuzzed = []Options{
	{MaxLine: 16},
	{MaxLine: 16, LongLines: Truncate},
	{MaxLine: 20, Include: []string{"^[a-m]"}, Exclude: []string{"x"}},
	{MaxLine: 20, LongLines: DeadLetter, Exclude: []string{"x"}, Format: JSON},
	{MaxLine: 40, Multiline: Multiline{Start: `^\d`}},
	{MaxLine: 40, Multiline: Multiline{Continue: `^\s`, MaxLines: 3}, LongLines: Truncate},
	{MaxLine: 40, Multiline: Multiline{Start: `^\d`, Continue: `^\s`, MaxLines: 2}, Exclude: []string{"x"}},
	{MaxLine: 16, Encoding: "utf-16le"},
	{MaxLine: 30, Encoding: "utf-16be", Multiline: Multiline{Start: `^\d`}},
	{MaxLine: 16, Encoding: "gb18030"},
	{MaxLine: 16, Encoding: "shift-jis", Exclude: []string{"x"}},
	{MaxLine: 40, Container: CRI},
	{MaxLine: 40, Container: CRI, Multiline: Multiline{Start: `^\d`, MaxLines: 4}, Exclude: []string{"x"}},
	{MaxLine: 40, Container: CRI, LongLines: Truncate, Format: JSON},
	{MaxLine: 40, Container: Docker},
}

// Whatever the bytes are: however they are read, the same records come of them,
// each span of them is cut into the same records again, and at the end of the
// file nothing is left.
func FuzzCut(f *testing.F) {
	cri := func(lines ...string) string {
		return "2026-11-23T00:00:00.5Z " + strings.Join(lines, "\n2026-11-23T00:00:00.5Z ") + "\n"
	}
	for i := range fuzzed {
		for _, data := range []string{
			"a\n\nlonger than the limit of twenty\nx\n1 a\n b\n c\n d\n2\nhalf é",
			"1 x\n b\n" + strings.Repeat("0123456789é", 9) + "\n c\n3 \xff\xfe\n\x00\n",
			utf16Text("\ufeff1 é\n𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀\n2", false), utf16Text("1 é\n𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀𠀀\n2", true),
			cri("stdout P a", "stderr F 1 b", "stdout F c", "stderr F x", "stdout P "+strings.Repeat("long ", 20), "stderr F 2", "stdout F end"),
			"{\"log\":\"a\",\"stream\":\"stdout\",\"time\":\"2026-11-23T00:00:00.5Z\"}\n{\"log\":\"b\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-23T00:00:00.5Z\"}\n",
		} {
			f.Add(uint8(i), uint8(3), []byte(data))
		}
	}
	f.Fuzz(func(t *testing.T, kind, step uint8, data []byte) {
		r := mustRead(t, fuzzed[int(kind)%len(fuzzed)])
		for _, end := range []End{More, Last} {
			one, left, sum := follow(t, r, data, end, func() int { return len(data) })
			some, rest, counts := follow(t, r, data, end, func() int { return 1 + int(step) })
			if !slices.Equal(one, some) || left != rest || sum != counts {
				t.Errorf("%q: at once %q, %d left, %+v; in steps %q, %d left, %+v", data, one, left, sum, some, rest, counts)
			}
			if end == Last && left > 0 {
				t.Errorf("%q: %d bytes are left at the end of the file", data, left)
			}
		}
	})
}

// What is read by hand is what encoding/json reads.
func FuzzDocker(f *testing.F) {
	const end = `","stream":"stdout","time":"2026-11-23T00:00:00.5Z"}`
	for _, log := range []string{`a`, `a\n`, `\u003cé\"\\\/\r\t\b`, `\ud834\udd1e`, "\xff", "\x01", `\`, `\u00`, `","log":"b`} {
		f.Add([]byte(`{"log":"` + log + end))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		e, _, ok := dockerAsWritten(p, nil)
		if !ok {
			return
		}
		var v struct{ Log, Stream, Time string }
		if err := json.Unmarshal(p, &v); err != nil {
			t.Fatalf("%q is read: %v", p, err)
		}
		log, last := strings.CutSuffix(v.Log, "\n")
		if string(e.text) != log || e.last != last || string(e.time) != v.Time || (e.stream == 0) != (v.Stream == "stdout") {
			t.Errorf("%q is read as %q %v, %q", p, e.text, e.last, e.time)
		}
	})
}
