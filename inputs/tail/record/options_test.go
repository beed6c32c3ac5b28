package record

import (
	"strings"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	f := func(o Options, want ...string) {
		t.Helper()
		got := o.Check()
		if len(got) != len(want) {
			t.Fatalf("%+v: problems %v, want %v", o, got, want)
		}
		for i := range got {
			if !strings.HasPrefix(got[i].Error(), want[i]) {
				t.Errorf("%+v: problem %q, want %q", o, got[i], want[i])
			}
		}
	}
	f(Options{})
	f(Options{
		Multiline: Multiline{Start: `^\d`, Continue: `^\s`, Quiet: time.Minute, MaxLines: 3}, Encoding: "GBK",
		Include: []string{"a"}, Exclude: []string{"b"}, MaxLine: 1000, LongLines: Truncate, Format: JSON,
		Fields: map[string]string{"service.name": "shop", "service.version": "1", "host.ip": "x"},
	})
	f(Options{Container: CRI, Encoding: "utf-8", Multiline: Multiline{Start: "x"}})
	f(Options{Multiline: Multiline{Start: "("}}, "multiline.start: error parsing regexp: missing closing )")
	f(Options{Multiline: Multiline{Continue: "["}}, "multiline.continue: ")
	f(Options{Include: []string{"a", "*"}, Exclude: []string{"+"}}, "include[1]: ", "exclude[0]: ")
	f(Options{Exclude: []string{"a", ""}}, "exclude[1]: it is empty")
	f(Options{Multiline: Multiline{MaxLines: 3}}, "multiline: it has neither")
	f(Options{Multiline: Multiline{Start: "a", MaxLines: -1}}, "multiline.max_lines: ")
	f(Options{Multiline: Multiline{Start: "a", Quiet: -1}}, "multiline.quiet: ")
	f(Options{LongLines: "cut", Format: "xml", Container: "podman"}, "long_lines: ", "format: ", "container: ")
	f(Options{MaxLine: 3}, "max_line: ")
	f(Options{MaxLine: 1 << 40}, "max_line: ")
	f(Options{Encoding: "klingon"}, `encoding: "klingon" is not known`)
	f(Options{Encoding: "gbk", Container: Docker}, "encoding: gbk and container docker")
	f(Options{Fields: map[string]string{"a": "b"}}, "fields: they are part of")
	f(Options{Format: JSON, Fields: map[string]string{"message": "b"}}, `fields: "message" is set by tailrace`)
	f(Options{Format: JSON, Fields: map[string]string{"host": "b"}}, `fields: "host" cannot be a text`)
	f(Options{Format: JSON, Fields: map[string]string{"message.x": "b"}}, `fields: "message" cannot be a text`)
	f(Options{Format: JSON, Fields: map[string]string{"a..b": "b"}}, `fields: "a..b": a name is empty`)
}

func TestCharsets(t *testing.T) {
	for _, name := range []string{
		"", "utf-8", "UTF8", "utf-16", "UTF-16LE", "utf16", "utf-16-be", "utf_16", "gbk", "GB2312", "gb18030", "big5", "shift-jis", "Shift_JIS",
		"euc-jp", "euc-kr", "iso-8859-1", "ISO-8859-2", "iso-8859-15", "iso-8859-16", "latin1", "us-ascii",
		"windows-1250", "windows-1252", "windows-1258", "koi8-r", "koi8-u", "ibm866", "macintosh",
	} {
		if _, err := findCharset(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	// those with shift states, and those that are not ASCII
	for _, name := range []string{"iso-2022-jp", "hz-gb-2312", "IBM037", "utf-32", "utf-7", "replacement"} {
		if c, err := findCharset(name); err == nil {
			t.Errorf("%q is taken: %+v", name, c)
		}
	}
}

func TestPlain(t *testing.T) {
	if !(Options{}).Plain() || !(Options{Encoding: "UTF-8", LongLines: Split, Format: Raw, MaxLine: DefaultMaxLine}).Plain() {
		t.Error("lines as they are cost more than they need")
	}
	for i, o := range []Options{
		{Multiline: Multiline{Start: "a"}}, {Encoding: "gbk"}, {Include: []string{"a"}}, {Exclude: []string{"a"}},
		{MaxLine: 100}, {LongLines: Truncate}, {Format: JSON}, {Container: CRI},
	} {
		if o.Plain() {
			t.Errorf("case %d: %+v is not plain", i, o)
		}
	}
}
