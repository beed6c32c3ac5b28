package record

import (
	"slices"
	"testing"

	"tailrace/agent/flow"
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

// On request the time is the record's timestamp too: never one that is to come,
// and none before 1970. It is the same again when the bytes are read again.
func TestTimestamp(t *testing.T) {
	f := func(o Options, data string, want ...int64) {
		t.Helper()
		r := mustRead(t, o)
		for range 2 {
			c := &flow.Chunk{Path: "/a.log", Data: []byte(data), Time: 1e12, Reading: 1} // in 2001
			(&Cutter{}).Cut(r, c, Quiet)
			var got []int64
			for _, rec := range c.Records {
				got = append(got, rec.Stamp)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%q has %d, want %d", data, got, want)
			}
		}
	}
	o := Options{Time: Time{Pattern: `^(?P<time>\S+)`, Layout: "2006-01-02T15:04:05.999Z07:00", Timestamp: true}}
	f(o, "2000-01-01T01:00:00.5+01:00 a\nno time\n1970-01-01T00:00:01Z b\n", 946684800500, 0, 1000)
	f(o, "2001-09-09T01:46:40Z now\n2001-09-09T01:46:41Z later\n1969-12-31T23:59:59Z before\n1970-01-01T00:00:00Z c\n", 0, 0, 0, 0)
	cri := o
	cri.Container = CRI
	f(cri, "2000-01-01T00:00:01.0Z stdout F 2000-01-01T00:00:00Z a\n2000-01-01T00:00:02.25Z stdout F b\n", 946684800000, 946684802250)
	o.Time.Layout = "01-02T15:04:05" // without a year
	f(o, "11-23T08:00:00 a\n", 0)
	o.Time.Timestamp, o.Time.Layout = false, "2006-01-02"
	f(o, "2000-01-01 a\n", 0)
}
