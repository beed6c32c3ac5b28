package tail

import (
	"fmt"
	"os"
	"testing"
	"time"

	"tailrace/inputs/tail/notify"
)

// The larger the directories, the rarer the full scans: where the file system
// tells what happens they take a thousandth of the time, otherwise a hundredth.
func TestScanInterval(t *testing.T) {
	f := func(cost time.Duration, w *notify.Watcher, want time.Duration) {
		t.Helper()
		in := &Input{watch: w}
		in.scan.cost = cost
		if got := in.scanInterval(); got != want {
			t.Errorf("a scan of %v every %v, want %v", cost, got, want)
		}
	}
	all, none := &notify.Watcher{}, (*notify.Watcher)(nil)
	for _, w := range []*notify.Watcher{all, none} {
		f(0, w, scanEvery)
		f(10*time.Millisecond, w, scanEvery)
	}
	f(50*time.Millisecond, all, 50*time.Second)
	f(time.Second, all, scanMax)
	f(50*time.Millisecond, none, scanEvery)
	f(time.Second, none, 100*time.Second)
}

// A file that was rewritten while the agent was down, as long as before and with
// times that say that nothing has happened since, is noticed all the same.
func TestRewrittenInSecret(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		for i := range 50 {
			h.append(fmt.Sprintf("%d.log", i), line100("old", i))
		}
		h.session()
		want := len(h.got)
		for i := 0; i < 50; i += 7 {
			h.must(os.WriteFile(h.path(fmt.Sprintf("%d.log", i)), []byte(line100("new", i)), 0o644))
			want++
		}
		h.life = realNow().Add(time.Hour)
		h.start()
		h.settle()
		if len(h.got) != want {
			t.Errorf("%d lines, want %d", len(h.got), want)
		}
		h.stop()
	})
}

// line100 is a line of 100 bytes.
func line100(word string, n int) string { return fmt.Sprintf("%s%0*d\n", word, 99-len(word), n) }

// What a full scan costs does not hold up what the file system tells: it is
// made in slices. And a request for a scan while one is under way is for
// another one, since that may have passed the place already.
func TestScanInSlices(t *testing.T) {
	in := &Input{o: Options{Journal: &fakeJournal{}}, pats: Patterns(nil), scanned: make(chan struct{}), dirs: map[string]*dir{}}
	in.first = true
	in.scan.left = []string{"/nowhere/1", "/nowhere/2"}
	slow := 2 * scanSlice
	in.disk.Before = func(string, string) error { time.Sleep(slow); return nil }
	in.begun.Add(1)
	in.goOn()
	if len(in.scan.left) != 1 || in.scans.Load() != 0 || !in.first {
		t.Fatalf("after a slice %q is left", in.scan.left)
	}
	in.scan.next = time.Time{} // asked for
	in.goOn()
	if in.scans.Load() != 1 || in.first {
		t.Error("the scan did not end with its last directory")
	}
	if !in.scan.next.IsZero() {
		t.Error("a request was forgotten")
	}
}
