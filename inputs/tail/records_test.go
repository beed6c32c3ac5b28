package tail

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tailrace/agent/deadletter"
	"tailrace/agent/flow"
	"tailrace/inputs/tail/record"
	"tailrace/inputs/tail/turns"
)

// newRecordHost is a host whose input cuts records.
func newRecordHost(t testing.TB, o record.Options, patterns ...string) *host {
	h := newHost(t, patterns...)
	h.opts.Inputs[0].Record = o
	return h
}

// records checks what was shipped, where values may have newlines.
func (h *host) records(want ...string) {
	h.t.Helper()
	if !slices.Equal(h.got, want) {
		h.t.Errorf("shipped %q\nwant    %q\nat %q\nlog:\n%s", h.got, want, h.at, h.log)
	}
}

// crash ends the agent as a kill does: what was not written is lost, and what
// was given and not acked comes again.
func (h *host) crash() {
	h.j.crash(0)
	h.stop()
}

// again fetches what is not acked, as a lane does after a start.
func (h *host) again() {
	h.t.Helper()
	for _, s := range h.j.unacked() {
		var c flow.Chunk
		if err := h.in.Fetch(s, &c); err != nil {
			h.t.Errorf("%+v: %v", s, err)
			continue
		}
		h.keep(&c, c.Lines())
		h.j.ack(s)
	}
}

var (
	traces = record.Options{Multiline: record.Multiline{Start: `^\d`}}
	pods   = record.Options{Container: record.CRI}
)

func cri(lines ...string) string {
	const at = "2026-11-23T00:00:00.5Z "
	return at + strings.Join(lines, "\n"+at) + "\n"
}

// The last record of a file is given when nothing came for a while, and before
// that when the next one begins. A line that is not finished is waited for.
func TestMultilineQuiet(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, traces, "a.log")
		h.append("a.log", "1 a\n at x\n")
		h.start()
		defer h.stop()
		h.take()
		h.records()
		h.wait(500 * time.Millisecond)
		h.append("a.log", " at y\n2 b\n at")
		h.wait(2 * time.Second)
		h.take()
		h.records("1 a\n at x\n at y")
		h.wait(time.Minute)
		h.take()
		h.records("1 a\n at x\n at y")
		h.append("a.log", " z\n")
		h.wait(900 * time.Millisecond)
		h.take()
		h.records("1 a\n at x\n at y")
		h.wait(1300 * time.Millisecond)
		h.take()
		h.records("1 a\n at x\n at y", "2 b\n at z")
		// what comes later is a record of its own, and the next is waited for too
		h.append("a.log", " late\n3 c\n")
		h.settle()
		h.records("1 a\n at x\n at y", "2 b\n at z", " late", "3 c")
		if want := []string{"a.log@0", "a.log@16", "a.log@26", "a.log@32"}; !slices.Equal(h.at, want) {
			t.Errorf("at %q, want %q", h.at, want)
		}
	})
}

// The last record comes again too when the lane gave it back.
func TestMultilineQuietUnread(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, traces, "a.log")
		h.append("a.log", "1 a\n at x\n")
		h.start()
		defer h.stop()
		h.take()
		h.wait(3 * time.Second)
		var c flow.Chunk
		q := h.in.Feed("t")
		if !q.Next(&c, readSize) {
			t.Fatal("nothing after the quiet time")
		}
		q.Unread(&c, 0)
		h.settle()
		h.records("1 a\n at x")
	})
}

// A record that begins after the one before was found to be complete is waited for
// anew, however late the lane reads both.
func TestMultilineQuietGrows(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, traces, "a.log")
		h.append("a.log", "1 a\n at x\n")
		h.start()
		defer h.stop()
		h.take()
		h.wait(3 * time.Second)
		h.append("a.log", "2 b\n")
		h.take()
		h.append("a.log", " at y\n")
		h.settle()
		h.records("1 a\n at x", "2 b\n at y")
	})
}

// A record that goes on in the next file of its path is one, whatever rotates.
func TestMultilineRotated(t *testing.T) {
	o := traces
	o.Multiline.Quiet = 300 * time.Millisecond // less than a rotated file is waited for
	f := func(name, first, second string, rotate func(h *host), want ...string) {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				for _, restart := range []bool{false, true} {
					h := newRecordHost(t, o, "a.log")
					h.append("a.log", "0\n"+first)
					h.start()
					h.take()
					if restart {
						h.stop()
					}
					rotate(h)
					h.append("a.log", second)
					if restart {
						h.start()
					}
					h.settle()
					h.stop()
					h.start()
					h.append("a.log", "9\n")
					h.settle()
					h.stop()
					h.records(slices.Concat([]string{"0"}, want, []string{"9"})...)
				}
			})
		})
	}
	renamed := func(h *host) { h.rename("a.log", "a.log.1") }
	copied := func(h *host) { h.copyTruncate("a.log", "a.log.1") }
	f("rename", "1 a\n at x\n", " at y\n at z\n2 b\n", renamed, "1 a\n at x\n at y\n at z", "2 b")
	f("rename, all of it", "1 a\n at x\n", " at y\n at z\n", renamed, "1 a\n at x\n at y\n at z")
	f("rename, another begins", "1 a\n at x\n", "2 b\n at y\n", renamed, "1 a\n at x", "2 b\n at y")
	f("rename, half a line", "1 a\n at", "2 b\n", renamed, "1 a\n at", "2 b")
	f("copytruncate", "1 a\n at x\n", " at y\n2 b\n", copied, "1 a\n at x\n at y", "2 b")
	f("copytruncate, half a line", "1 a\n at", " x\n at y\n2 b\n", copied, "1 a\n at x\n at y", "2 b")
	f("copytruncate, another begins", "1 a\n at x\n", "2 b\n at y\n", copied, "1 a\n at x", "2 b\n at y")
}

// What goes on over two rotations at once is cut in two, at the first of them.
func TestRotatedTwiceInARecord(t *testing.T) {
	f := func(o record.Options, first, second, third string, want ...string) {
		t.Helper()
		bubble(t, func(t *testing.T) {
			h := newRecordHost(t, o, "a.log")
			h.append("a.log", first)
			h.start()
			defer h.stop()
			h.take()
			h.copyTruncate("a.log", "a.log.1")
			h.append("a.log", second)
			h.take()
			h.wait(time.Second)
			h.rename("a.log.1", "a.log.2")
			h.copyTruncate("a.log", "a.log.1")
			h.append("a.log", third)
			h.wait(time.Minute)
			h.settle()
			h.records(want...)
		})
	}
	slow := traces
	slow.Multiline.Quiet = time.Hour
	f(slow, "1 a\n 2 tr", "ace\n 3\n", " 4\n5 b\n6 c\n", "1 a\n 2 tr", "ace\n 3\n 4", "5 b")
	f(pods, cri("stdout P a", "stderr P x"), cri("stdout F b", "stderr P y"), cri("stderr F z"), "a", "x", "b", "yz")
}

// The successor of a file whose record may go on is not written to: the record
// is given after the quiet time all the same.
func TestMultilineRotatedEmpty(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, traces, "a.log")
		h.append("a.log", "1 a\n at x\n")
		h.start()
		defer h.stop()
		h.take()
		h.rename("a.log", "a.log.1")
		h.append("a.log", "")
		h.wait(3 * time.Second)
		h.take()
		h.records("1 a\n at x")
	})
}

// Pieces of a container's line are joined over the rotation of its log.
func TestContainerRotated(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, pods, "0.log")
		h.append("0.log", cri("stdout F a", "stdout P b", "stderr P x"))
		h.start()
		h.take()
		h.records("a")
		h.rename("0.log", "0.log.20261123-000000")
		h.append("0.log", cri("stderr F y", "stdout F c", "stdout F d"))
		h.settle()
		h.records("a", "bc", "xy", "d")
		h.stop()
	})
}

// A line that a container's program does not finish keeps the other stream, and
// what was written of it, waiting for seconds and not for ever, also when the
// other stream is never quiet, and over a restart.
func TestContainerStalled(t *testing.T) {
	for _, o := range []record.Options{pods, {Container: record.CRI, Multiline: record.Multiline{Start: `^\d`}}} {
		bubble(t, func(t *testing.T) {
			h := newRecordHost(t, o, "0.log")
			h.append("0.log", cri("stdout P 1 ", "stderr F 1"))
			h.start()
			h.take()
			want := []string{"1 ", "1"}
			for n := 2; n < 40; n++ {
				h.append("0.log", cri(fmt.Sprintf("stderr F %d", n)))
				want = append(want, fmt.Sprint(n))
				h.wait(time.Second / 4)
				h.take()
				if n == 10 {
					h.records()
				}
			}
			if len(h.got) < 38 {
				t.Errorf("%d records after ten seconds", len(h.got))
			}
			h.settle()
			h.records(want...)
			h.stop()
			h.start()
			h.append("0.log", cri("stdout F rest", "stderr P 40"))
			h.settle()
			h.settle()
			h.records(append(want, "rest", "40")...)
			h.stop()
		})
	}
}

// A line of a container's log without a newline is read twice while it waits.
func TestContainerWaitingCostsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, pods, "0.log")
		h.append("0.log", "2026-11-23T00:00:00.5Z std")
		reads := 0
		h.before = func(call, _ string) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			if call == "pread" {
				reads++
			}
			return nil
		}
		h.start()
		defer h.stop()
		h.settle()
		h.mu.Lock()
		before := reads
		h.mu.Unlock()
		for range 60 {
			h.wait(time.Second)
			h.take()
		}
		if reads != before {
			t.Errorf("%d reads in a minute in which nothing came", reads-before)
		}
	})
}

// Whatever the options, what was given and not acked before a crash comes again
// as it was, also when the options are others by then.
func TestReplayOfRecords(t *testing.T) {
	text := "1 a\n at x\n2 " + strings.Repeat("0123456789", 30) + "\nDEBUG\n at \xff\n3 c\n\n4\n"
	pod := cri("stdout F 1 a", "stderr P x", "stdout P 2", "stderr F y", "stdout F b", "stdout F 3", "stderr F z") + "odd\n"
	var wide []byte
	for _, b := range []byte("\xfe\xff" + text) {
		wide = append(wide, 0, b)
	}
	wide = append([]byte{0xfe, 0xff}, wide[4:]...)
	for i, c := range []struct {
		o    record.Options
		data string
	}{
		{traces, text},
		{record.Options{Multiline: traces.Multiline, MaxLine: 50, LongLines: record.Truncate}, text},
		{record.Options{MaxLine: 40}, text},
		{record.Options{Exclude: []string{"DEBUG", "^ at"}}, text},
		{record.Options{Encoding: "utf-16"}, string(wide)},
		{record.Options{Encoding: "gbk", Include: []string{`\d`}}, text},
		{record.Options{Format: record.JSON, Host: "h", Fields: map[string]string{"a.b": "c"}}, text},
		{pods, pod},
		{record.Options{Container: record.CRI, Multiline: traces.Multiline, Format: record.JSON}, pod},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				f := func(steps ...func(h *host)) []string {
					h := newRecordHost(t, c.o, "a.log")
					h.append("a.log", c.data)
					h.start()
					for _, step := range steps {
						step(h)
					}
					h.settle()
					h.stop()
					for i := range h.got {
						h.got[i] = strings.ReplaceAll(h.got[i], h.dir, "")
					}
					return h.got
				}
				once := f()
				if len(once) < 3 {
					t.Fatalf("only %q", once)
				}
				// given one record after the other, with a crash before each ack
				step := func(h *host) {
					var c flow.Chunk
					h.wait(2 * time.Second)
					if !h.in.Feed("t").Next(&c, readSize) {
						return
					}
					n := 1
					for !c.Records[n-1].Clean {
						n++
					}
					h.in.Feed("t").Unread(&c, n)
					h.j.intent(c.Span(0, n))
					h.crash()
					h.opts.Inputs[0].Record = record.Options{MaxLine: 77}
					h.start()
					h.again()
					h.stop()
					h.opts.Inputs[0].Record = optionsOf(c.Reading, h)
					h.start()
				}
				if got := f(slices.Repeat([]func(*host){step}, 12)...); !slices.Equal(got, once) {
					t.Errorf("with crashes %q\nwithout      %q", got, once)
				}
			})
		})
	}
}

// optionsOf is what a reading was made of.
func optionsOf(number int, h *host) record.Options {
	r, err := record.Parse(h.j.readings()[number])
	h.must(err)
	return r.Options()
}

// Records of a span are told apart by their number.
func TestFetchSomeRecords(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, pods, "a.log")
		h.append("a.log", cri("stdout P 1", "stderr F 2", "stderr F 3", "stdout F 4"))
		h.start()
		defer h.stop()
		var c flow.Chunk
		if !h.in.Feed("t").Next(&c, readSize) || c.Lines() != 3 {
			t.Fatalf("%d records", c.Lines())
		}
		f := func(skip, take int, want ...string) {
			t.Helper()
			s := c.Span(0, 3)
			s.Skip, s.Take = skip, take
			var again flow.Chunk
			err := h.in.Fetch(s, &again)
			var got []string
			for i := range again.Lines() {
				got = append(got, string(again.Line(i)))
			}
			if want == nil != (err != nil) || err == nil && !slices.Equal(got, want) {
				t.Errorf("%d+%d: %q, %v, want %q", skip, take, got, err, want)
			}
		}
		f(0, 0, "14", "2", "3")
		f(0, 2, "14", "2")
		f(2, 0, "3")
		f(1, 1, "2")
		f(3, 0)
		f(1, 3)
	})
}

// What is left out is not read again at the next start, and counted once.
func TestExcludedIsDone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, record.Options{Exclude: []string{"DEBUG"}}, "a.log")
		h.append("a.log", strings.Repeat("DEBUG\n", 1000))
		h.start()
		h.take()
		h.wait(3 * time.Second)
		id := flow.FileID(1)
		if at, _ := h.j.Acked(id); at != 6000 {
			t.Errorf("acked up to %d, want 6000", at)
		}
		// while a record is under way, what is behind it is not done
		h.append("a.log", "one\n")
		var c flow.Chunk
		h.wait(time.Second)
		if !h.in.Feed("t").Next(&c, readSize) {
			t.Fatal("nothing")
		}
		h.append("a.log", "DEBUG\n")
		h.wait(time.Second)
		h.take()
		h.wait(3 * time.Second)
		if at, _ := h.j.Acked(id); at != 6000 {
			t.Errorf("acked up to %d, want 6000", at)
		}
		h.j.intent(c.Span(0, 1))
		h.j.ack(c.Span(0, 1))
		h.wait(3 * time.Second)
		if at, _ := h.j.Acked(id); at != 6010 {
			t.Errorf("acked up to %d, want 6010", at)
		}
		if n := h.in.Stats().Cut; n.Excluded != 1001 || n.ExcludedBytes != 6006 {
			t.Errorf("counts %+v", n)
		}
		h.append("a.log", "DEBUG\n")
		h.wait(time.Second)
		h.take()
		h.stop() // notes it at once
		h.session()
		if n := h.in.Stats(); n.Cut.Excluded != 0 || n.Read != 0 {
			t.Errorf("read again: %+v", n)
		}
	})
}

// What comes again after Unread is counted once.
func TestUnreadCountsOnce(t *testing.T) {
	in := openInput(t, []byte("x\na\nx\nb\nx\n"), record.Options{Exclude: []string{"x"}})
	q := in.Feed("t")
	for _, n := range []int{0, 1, 2} {
		var c flow.Chunk
		if !q.Next(&c, readSize) {
			t.Fatal("nothing")
		}
		q.Unread(&c, n)
		if n == 1 {
			break
		}
	}
	var c flow.Chunk
	if !q.Next(&c, readSize) || c.Lines() != 1 || string(c.Line(0)) != "b" || c.Offset(0) != 6 {
		t.Errorf("%d records, %q", c.Lines(), c.Data)
	}
	if n := in.Stats().Cut.Excluded; n != 3 {
		t.Errorf("%d left out, want 3", n)
	}
}

// A lane is not held up by much that is left out, and is told that there is more.
func TestExcludedIsBounded(t *testing.T) {
	in := openInput(t, append(make([]byte, 0, 20<<20), strings.Repeat("DEBUG 9\n", 20<<17)+"one\n"...), record.Options{Exclude: []string{"DEBUG"}})
	q := in.Feed("t")
	var c flow.Chunk
	turns := 1
	for ; !q.Next(&c, readSize); turns++ {
		<-q.Wake()
	}
	if turns < 4 || string(c.Line(0)) != "one" {
		t.Errorf("%q after %d turns", c.Data, turns)
	}
}

// A lane is told that there are more files than one Next went through, though all
// of those were read to their ends.
func TestExcludedFilesAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, record.Options{Exclude: []string{"DEBUG"}}, "*.log")
		const files, lines = 5 * skipMax / (2 * turns.QuantumMin), turns.QuantumMin / 8
		for i := range files {
			h.append(fmt.Sprintf("%d.log", i), strings.Repeat("DEBUG 9\n", lines))
		}
		h.start()
		defer h.stop()
		synctest.Wait()
		q, excluded, again := h.in.Feed("t"), int64(0), 0
		for ; excluded < files*lines; again++ {
			select {
			case <-q.Wake():
				h.take()
			default:
				t.Fatalf("not told, with %d of %d lines left out after %d turns", excluded, files*lines, again)
			}
			excluded = int64(h.in.Stats().Cut.Excluded)
		}
		if again != 3 {
			t.Errorf("done after %d turns, want 3", again)
		}
	})
}

// The first bytes of a file say how it is encoded, also after a restart.
func TestByteOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, record.Options{Encoding: "utf-16"}, "*.log")
		h.append("be.log", "\xfe\xff\x00a\x00\n\x00b")
		h.append("le.log", "\xff\xfea\x00\n\x00b\x00")
		h.append("none.log", "a\x00\n\x00b\x00")
		h.start()
		h.take()
		h.records("a", "a", "a")
		h.stop()
		h.append("be.log", "\x00\n\x00")
		h.append("le.log", "\n\x00\n")
		h.append("none.log", "\n\x00")
		h.start()
		h.settle()
		h.append("be.log", "\n")
		h.append("le.log", "\x00")
		h.settle()
		h.stop()
		slices.Sort(h.got)
		h.records("", "", "a", "a", "a", "b", "b", "b")
	})
}

// Files in UTF-16 that are followed from their end begin at a line.
func TestByteOrderFromTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, record.Options{Encoding: "utf-16"}, "*.log")
		h.opts.Inputs[0].Start = "end"
		h.append("be.log", "\xfe\xff\x00a\x00\n\x00b")
		h.append("le.log", "\xff\xfea\x00\n\x00b\x00")
		h.start()
		h.take()
		h.records()
		h.append("be.log", "\x00c\x00\n")
		h.append("le.log", "c\x00\n\x00")
		h.settle()
		h.stop()
		h.records("bc", "bc")
	})
}

// A file that was left in the middle of a line of which the rest is cut off is
// read on as lines when the options are gone.
func TestOptionsTakenAway(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, record.Options{MaxLine: 100, LongLines: record.Truncate}, "a.log")
		long := strings.Repeat("0123456789", 50_000)
		h.append("a.log", "a\n"+long)
		h.session()
		h.records("a", long[:100])
		h.opts.Inputs[0].Record = record.Options{}
		h.start()
		h.append("a.log", long+"\nb\n")
		h.settle()
		h.stop()
		h.records("a", long[:100], "b")
		if strings.Count(h.log.String(), "longer than max_line") != 1 {
			t.Errorf("log: %s", h.log)
		}
	})
}

// Lines that are not in the format are shipped and said once.
func TestMalformedIsSaidOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, pods, "a.log")
		h.append("a.log", "x\n"+cri("stdout F a")+"y\n")
		h.start()
		h.settle()
		h.append("a.log", "z\n")
		h.settle()
		h.stop()
		h.records("x", "a", "y", "z")
		if n := h.in.Stats().Cut.Malformed; n != 3 || strings.Count(h.log.String(), "not in the format") != 1 {
			t.Errorf("%d malformed, log: %s", n, h.log)
		}
	})
}

// A file whose records span much more than one read is cut as it is at once.
func TestManyRecords(t *testing.T) {
	var want []string
	var b strings.Builder
	for i := range 30_000 {
		r := fmt.Sprintf("%d first line of the record\n\tat %0*d", i, i%300, i)
		want = append(want, r)
		b.WriteString(r + "\n")
	}
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, traces, "a.log")
		h.must(os.WriteFile(h.path("a.log"), []byte(b.String()), 0o644))
		h.session()
		if !slices.Equal(h.got, want) {
			t.Errorf("%d records, want %d", len(h.got), len(want))
		}
	})
}

// A line that is longer than the limit is whole in the dead-letter file, however
// much it is and however often it is read, and its beginning is shipped.
func TestDeadLetter(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, record.Options{MaxLine: 100, LongLines: record.DeadLetter, Exclude: []string{"DEBUG"}}, "a.log")
		path := h.path("dead.jsonl")
		h.opts.DeadLetter = deadletter.New(path)
		long := strings.Repeat("0123456789", 50_000)
		h.append("a.log", "a\n"+long[:300]+"\nDEBUG "+long+"\n")
		h.start()
		var c flow.Chunk
		q := h.in.Feed("t")
		for range 3 {
			if !q.Next(&c, readSize) {
				t.Fatal("nothing")
			}
			q.Unread(&c, 0)
		}
		h.take()
		h.append("a.log", "b\n"+long)
		h.settle()
		h.stop()
		h.start()
		h.append("a.log", long+"\nc\n")
		h.settle()
		h.stop()
		h.records("a", long[:100], "b", long[:100], "c")
		text, err := os.ReadFile(path)
		h.must(err)
		var got strings.Builder
		next := map[int64]bool{2: true}
		for line := range strings.Lines(string(text)) {
			var l deadletter.Letter
			h.must(json.Unmarshal([]byte(line), &l))
			got.Write(l.Value)
			if l.Topic != "t" || l.Path != h.path("a.log") || l.Cause != deadletter.TooLong || l.File != 1 {
				t.Errorf("%+v", l)
			}
			if !next[l.Offset] && l.Offset != int64(2+301+len("DEBUG ")+len(long)+1+2) {
				t.Errorf("a letter at %d does not go on", l.Offset)
			}
			next[l.Offset+int64(len(l.Value))] = true
		}
		if want := long[:300] + long + long; got.String() != want {
			t.Errorf("%d bytes in the file, want %d", got.Len(), len(want))
		}
	})
}

// What is not in the encoding of a file is said once.
func TestInvalidCharacters(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, record.Options{Encoding: "gbk"}, "a.log")
		h.append("a.log", "a\xffb\n\xc4\xe3\n")
		h.start()
		h.settle()
		h.append("a.log", "\xff\n")
		h.settle()
		h.stop()
		h.records("a\ufffdb", "你", "\ufffd")
		if n := strings.Count(h.log.String(), "mean nothing in this encoding"); n != 1 {
			t.Errorf("said %d times:\n%s", n, h.log)
		}
	})
}

// While the dead-letter file cannot be written the line waits, and nothing is
// given that would pass over it.
func TestDeadLetterFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, record.Options{MaxLine: 100, LongLines: record.DeadLetter}, "a.log")
		h.opts.DeadLetter = deadletter.New(h.path("none/dead.jsonl"))
		h.append("a.log", strings.Repeat("x", 200)+"\nb\n")
		h.start()
		h.settle()
		h.records()
		h.must(os.Mkdir(h.path("none"), 0o755))
		for range 10 {
			h.settle()
		}
		h.stop()
		h.records(strings.Repeat("x", 100), "b")
	})
}

// A record that waits for the end of its last line is not read again and again.
func TestWaitingCostsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, traces, "a.log")
		h.append("a.log", "1 a\n at x\n at")
		reads := 0
		h.before = func(call, _ string) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			if call == "pread" {
				reads++
			}
			return nil
		}
		h.start()
		defer h.stop()
		for range 5 {
			h.wait(time.Second)
			h.take()
		}
		h.mu.Lock()
		before := reads
		h.mu.Unlock()
		for range 60 {
			h.wait(time.Second)
			h.take()
		}
		if reads != before {
			t.Errorf("%d reads in a minute in which nothing came", reads-before)
		}
	})
}

// A file that begins with a byte order mark is another text: nothing of it
// belongs to the record before.
func TestRotatedWithMark(t *testing.T) {
	wide := func(s string) string {
		var b []byte
		for _, c := range []byte(s) {
			b = append(b, c, 0)
		}
		return string(b)
	}
	bubble(t, func(t *testing.T) {
		o := traces
		o.Encoding = "utf-16"
		h := newRecordHost(t, o, "a.log")
		h.append("a.log", "\xff\xfe"+wide("1 a\n at x\n"))
		h.start()
		defer h.stop()
		h.take()
		h.rename("a.log", "a.log.1")
		h.append("a.log", "\xff\xfe"+wide("2 b\n at y\n"))
		h.settle()
		h.records("1 a\n at x", "2 b\n at y")
	})
}

// What goes on in the successor may come bit by bit: it is waited for as at the
// end of any file.
func TestRotatedSlowly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		o := traces
		o.Multiline.Quiet = 3 * time.Second
		h := newRecordHost(t, o, "a.log")
		h.append("a.log", "1 a\n at x\n")
		h.start()
		defer h.stop()
		h.take()
		h.rename("a.log", "a.log.1")
		h.append("a.log", " at y\n")
		h.wait(2 * time.Second)
		h.take()
		h.append("a.log", " at z\n")
		h.wait(2 * time.Second)
		h.take()
		h.records()
		h.settle()
		h.records("1 a\n at x\n at y\n at z")
	})
}

// The other piece of a container's line never comes: what is there is given in
// the end, and the next log is read.
func TestRotatedForEver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newRecordHost(t, pods, "0.log")
		h.append("0.log", cri("stdout P a"))
		h.start()
		defer h.stop()
		h.take()
		h.rename("0.log", "0.log.1")
		h.append("0.log", cri("stderr F b"))
		h.wait(30 * time.Second)
		h.take()
		h.records()
		h.wait(time.Minute)
		h.settle()
		h.records("a", "b")
	})
}
