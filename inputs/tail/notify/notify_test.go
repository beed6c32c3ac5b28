package notify

import (
	"log/slog"
	"slices"
	"testing"
	"time"
)

// A directory with too many events is not watched for as long as they last.
func TestFlood(t *testing.T) {
	dir := t.TempDir()
	changed := 0
	poll := func(w *Watcher, at time.Time) {
		w.Poll(at, func(string) bool { return false }, func(path string, _ bool) {
			if path != dir {
				t.Errorf("%q has changed", path)
			}
			changed++
		})
	}
	w := New(slog.New(slog.DiscardHandler))
	defer w.Close()
	w.Add(dir)
	watched := func() bool { return slices.Contains(w.w.WatchList(), dir) }
	now := time.Now()
	for range floodEvents {
		w.Flood(dir, now)
	}
	if !watched() || w.Flooded() {
		t.Fatal("not watched before the flood")
	}
	w.Flood(dir, now)
	if watched() || !w.Flooded() || !w.Has(dir) {
		t.Fatal("watched during the flood")
	}
	poll(w, now.Add(floodLook)) // it has changed since it was never looked at
	if changed != 1 {
		t.Error("a change during the flood was not seen")
	}
	poll(w, now.Add(2*floodLook))
	if changed != 1 || watched() {
		t.Error("looked at though nothing changed, or watched again too soon")
	}
	poll(w, now.Add(2*floodLook+calmAfter+time.Second))
	if !watched() || w.Flooded() || changed != 2 {
		t.Error("not watched, or not looked at, after the flood")
	}
}

// On a network file system others may write, which is not told: it is looked at
// all the time, and its files are polled.
func TestRemote(t *testing.T) {
	w := New(slog.New(slog.DiscardHandler))
	defer w.Close()
	here, there := t.TempDir(), t.TempDir()
	w.remote = func(path string) bool { return path == there }
	w.Add(here)
	if !w.Complete() || !w.Sees(here) || !w.Tells(here) {
		t.Error("a directory that is watched is not")
	}
	w.Add(there)
	if w.Complete() || w.Sees(there) || w.Tells(there) || !w.Has(there) {
		t.Error("what the watch of a remote directory tells is taken for all")
	}
}
