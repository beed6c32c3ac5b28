package lines

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// wantFile fails unless a file holds the lines [from, to) of the chain, each
// at the offset that the chain has for it.
func wantFile(t *testing.T, path string, chain *Chain, from, to int) {
	t.Helper()
	got, err := os.ReadFile(path)
	must(t, err)
	var want []byte
	for n := from; n < to; n++ {
		if offset, _ := chain.place(n); offset != int64(len(want)) {
			t.Fatalf("line %d: offset %d, want %d", n, offset, len(want))
		}
		want = append(append(want, chain.Line(n)...), '\n')
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s holds %d bytes, not the %d of lines %d to %d", filepath.Base(path), len(got), len(want), from, to)
	}
}

func newLog(t *testing.T) *Log {
	t.Helper()
	l, err := NewLog(filepath.Join(t.TempDir(), "app.log"), NewChain("app", 3), 3)
	must(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// A program that goes on in the renamed file for a while.
func TestLogRenamedLate(t *testing.T) {
	l := newLog(t)
	must(t, l.Write(100))
	must(t, l.Rotate(2))
	must(t, l.Write(20))
	must(t, l.Reopen())
	must(t, l.Write(7))
	must(t, l.Rotate(2))
	must(t, l.Create())
	must(t, l.Write(1))
	must(t, l.Reopen())
	must(t, l.Write(3))
	must(t, l.Flush())
	wantFile(t, l.Path+".2", l.Chain, 0, 120)
	wantFile(t, l.Path+".1", l.Chain, 120, 128)
	wantFile(t, l.Path, l.Chain, 128, 131)

	must(t, l.Rotate(2))
	wantFile(t, l.Path+".2", l.Chain, 120, 128)
	if _, err := os.Stat(l.Path + ".3"); !os.IsNotExist(err) {
		t.Errorf("a third rotated file is kept: %v", err)
	}
}

func TestLogCopyTruncate(t *testing.T) {
	l := newLog(t)
	must(t, l.Write(50))
	must(t, l.CopyTruncate(l.Path+".copy"))
	must(t, l.Write(5))
	must(t, l.Flush())
	wantFile(t, l.Path+".copy", l.Chain, 0, 50)
	wantFile(t, l.Path, l.Chain, 50, 55)

	must(t, l.RotateCopy(2))
	must(t, l.Write(9))
	must(t, l.RotateCopy(2))
	must(t, l.Write(1))
	must(t, l.Flush())
	wantFile(t, l.Path+".2", l.Chain, 50, 55)
	wantFile(t, l.Path+".1", l.Chain, 55, 64)
	wantFile(t, l.Path, l.Chain, 64, 65)
}

func TestLongLine(t *testing.T) {
	l := newLog(t)
	l.Chain.Long(1, 30_000)
	must(t, l.Write(3))
	must(t, l.Flush())
	wantFile(t, l.Path, l.Chain, 0, 3)
	if n := len(l.Chain.Line(1)); n < 30_000 || n > 30_100 {
		t.Errorf("a long line of %d bytes", n)
	}
}

// A load writes at its rate and rotates in its time, all lines whole at the end.
func TestLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog(t)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		must(t, l.Run(ctx, Load{Rate: 1000, Rotate: 2 * time.Second, Keep: 3, Late: 300 * time.Millisecond}))
		if n := l.Chain.Lines(); n < 9_950 || n > 10_000 {
			t.Errorf("%d lines in 10 s at 1000 a second", n)
		}
		size := int64(0)
		for _, name := range []string{"", ".1", ".2", ".3"} {
			info, err := os.Stat(l.Path + name)
			must(t, err)
			size += info.Size()
		}
		if size == 0 || len(l.names) != 3 {
			t.Errorf("%d bytes in %d rotated files", size, len(l.names))
		}
	})
}
