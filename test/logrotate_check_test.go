package test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tailrace/test/lines"
)

// arrived waits until all that is to come is in the topic.
func (y *yard) arrived() {
	y.t.Helper()
	if !y.torn {
		y.arrive()
		return
	}
	topic, err := lines.OpenTopic(y.broker.Addr, y.topic)
	must(y.t, err)
	defer topic.Close()
	chain := y.logs[0].Chain
	last := chain.Line(chain.Lines() - 1)
	until(y.t, stalled, "the last line of "+y.name+" is there", func() bool {
		value, err := topic.Last()
		return err == nil && bytes.Equal(value, last)
	})
}

// verify compares the topic with what was written, or with what logrotate left.
func (y *yard) verify() {
	y.t.Helper()
	y.t.Logf("%d rotations", y.count)
	if y.count == 0 {
		y.t.Error("nothing was rotated")
	}
	if y.torn {
		y.verifyTorn()
		return
	}
	y.check()
}

// verifyTorn wants every line that logrotate left on the disk once and in
// order. Lines that it lost may be there too, since the agent may have been
// faster, and where it tore a line anything may come, once for each rotation.
func (y *yard) verifyTorn() {
	y.t.Helper()
	chain := y.logs[0].Chain
	due := map[string]bool{}
	for line := range bytes.SplitSeq(y.onDisk(), []byte("\n")) {
		if n, ok := whole(chain, line); ok {
			due[string(chain.Line(n))] = true
		}
	}
	topic, err := lines.OpenTopic(y.broker.Addr, y.topic)
	must(y.t, err)
	defer topic.Close()
	wanted, extra, torn, behind, high := len(due), 0, 0, 0, -1
	must(y.t, topic.Read(y.t.Context(), func(r lines.Record) {
		n, ok := whole(chain, r.Value)
		switch {
		case !ok:
			torn++
			return
		case n <= high:
			if behind++; behind < 5 {
				y.t.Errorf("line %d comes behind line %d: %v", n, high, r)
			}
		case due[string(r.Value)]:
			delete(due, string(r.Value))
		default:
			extra++
		}
		high = max(high, n)
	}))
	y.t.Logf("%d lines written, %d left by logrotate, %d of the others shipped, %d torn, %d repeated", chain.Lines(), wanted, extra, torn, behind)
	if len(due) > 0 {
		y.t.Errorf("%d lines are missing that logrotate copied, one of them %.90q", len(due), anyOf(due))
	}
	if torn > y.count {
		y.t.Errorf("%d records are no lines, after %d rotations", torn, y.count)
	}
}

// whole tells which line of a chain the bytes are.
func whole(chain *lines.Chain, line []byte) (int, bool) {
	n, err := chain.Number(line)
	return n, err == nil && bytes.Equal(chain.Line(n), line)
}

func anyOf(set map[string]bool) string {
	for s := range set {
		return s
	}
	return ""
}

// onDisk is the whole lines that all generations of the log hold, in any order of
// theirs. Where a copy breaks off, even right before a newline, the line is torn.
func (y *yard) onDisk() []byte {
	y.t.Helper()
	names, err := filepath.Glob(filepath.Join(y.dir, "app-a.log*"))
	must(y.t, err)
	slices.Sort(names)
	var all []byte
	for _, name := range names {
		f, err := os.Open(name)
		must(y.t, err)
		defer f.Close()
		in := io.Reader(f)
		if strings.HasSuffix(name, ".gz") {
			in, err = gzip.NewReader(f)
			must(y.t, err)
		}
		text, err := io.ReadAll(in)
		must(y.t, err)
		all = append(all, text[:bytes.LastIndexByte(text, '\n')+1]...)
	}
	return all
}
