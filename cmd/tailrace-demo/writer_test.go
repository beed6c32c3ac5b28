package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestWriter lets a writer write for ten seconds of fake time: the files, from
// the oldest on, hold what the ledger says.
func TestWriter(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := &writer{
			name: "w", dir: dir, rate: 500, ledger: newLedger(),
			rotate: 2 * time.Second, first: time.Second, late: 300 * time.Millisecond,
		}
		stop, done := make(chan struct{}), make(chan error)
		go func() { done <- w.run(context.Background(), stop) }()
		time.Sleep(10 * time.Second) // of the bubble's clock: no time passes
		close(stop)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if n := w.rotations.Load(); n != 5 {
			t.Errorf("%d rotations", n)
		}
		var text strings.Builder
		for n := w.rotations.Load(); n >= 0; n-- {
			path := w.path()
			if n > 0 {
				path = w.old(n)
			}
			data, err := os.ReadFile(path)
			if err != nil || !strings.HasSuffix(string(data), "\n") {
				t.Fatalf("%s: %v, or a torn line at its end", path, err)
			}
			text.Write(data)
		}
		if n := w.ledger.lines(); n < 4900 || n > 5000 {
			t.Errorf("%d lines", n)
		}
		if want := strings.Join(w.ledger.logs["w"], "\n") + "\n"; text.String() != want {
			t.Error("the files are not what the ledger says")
		}
	})
}
