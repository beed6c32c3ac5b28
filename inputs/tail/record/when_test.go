package record

import (
	"testing"
)

// A time in the text becomes a header, with its zone, or the local one; what is
// no time has none.
func TestTime(t *testing.T) {
	zoned := Options{Time: Time{Pattern: `^(?P<time>\S+) `, Layout: "2006-01-02T15:04:05.999Z07:00"}}
	cuts(t, zoned, "2026-11-23T08:00:00.5+02:00 a\nx y\n2026-13-01T00:00:00Z b\n", More,
		`0 "2026-11-23T08:00:00.5+02:00 a" time=2026-11-23T06:00:00.5Z`, `30 "x y"`, `34 "2026-13-01T00:00:00Z b"`)
	trace := zoned
	trace.Multiline = Multiline{Continue: `^\s`}
	cuts(t, trace, "2026-11-23T08:00:00Z a\n at x\nb\n", Quiet, `0 "2026-11-23T08:00:00Z a\n at x" time=2026-11-23T08:00:00Z`, `29 "b"`)
	long := zoned
	long.MaxLine = 24 // the first piece has it
	cuts(t, long, "2026-11-23T08:00:00Z abcdefgh\n", More,
		`0 "2026-11-23T08:00:00Z abc" part=1 time=2026-11-23T08:00:00Z`, `24 "defgh" part=2/2`)
	cri := zoned
	cri.Container = CRI
	cuts(t, cri, "2026-11-23T09:00:00.0Z stdout F 2026-11-23T08:00:00Z a\n2026-11-23T09:00:01.0Z stdout F b\n", More,
		`0 "2026-11-23T08:00:00Z a" stream=stdout time=2026-11-23T08:00:00Z`, `55 "b" stream=stdout time=2026-11-23T09:00:01.0Z`)
	if (zoned).Plain() {
		t.Error("lines with a time are plain")
	}
	for _, bad := range []Time{{Pattern: "("}, {Pattern: "x", Layout: "15"}} {
		if len((Options{Time: bad}).Check()) == 0 {
			t.Errorf("%+v is right", bad)
		}
	}
}
