package journal

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A full disk: writes fail, notes are kept, and when there is room all goes on
// in order. It is said once when it begins and once when it ends.
func TestFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, log, on := t.TempDir(), &strings.Builder{}, false
		d := newFakeDisk()
		d.outcome = full(&on)
		j := mustOpen(t, dir, Options{Sync: time.Second, disk: d, Log: slog.New(slog.NewTextHandler(log, nil))})
		mustWrite(t, j, Record{File: &File{ID: 1, Path: "/log"}}, Record{Lane: &Lane{ID: 1}},
			intent(1, 5, 0, 1, span(1, 0, 10)), intent(1, 5, 1, 1, span(1, 10, 20)))
		d.mu.Lock()
		on = true
		d.mu.Unlock()
		for range 3 {
			if err := j.Write(intent(1, 5, 2, 1, span(1, 20, 30)), intent(1, 5, 3, 1, span(1, 30, 40))); !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("error %v", err)
			}
			j.Note(ack(1, 0, 7))
		}
		if at, _ := j.Acked(1); at != 10 {
			t.Errorf("a note does not count at once: %d", at)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		d.mu.Lock()
		on = false
		d.mu.Unlock()
		time.Sleep(3 * time.Second) // nothing is written now but what waits
		synctest.Wait()
		next := d.after(true)
		j.Close()
		again := mustOpen(t, dir, Options{disk: next})
		st := again.State()
		if f, l := st.Files[0], st.Lanes[0]; st.Damaged != 0 || f.Acked != 10 || f.Resume != 20 || len(l.Intents) != 1 {
			t.Errorf("after it: %+v", st)
		}
		again.Close()
		if strings.Count(log.String(), "level=ERROR") != 1 || strings.Count(log.String(), "is written again") != 1 {
			t.Errorf("log:\n%s", log)
		}
	})
}

// There is no room at the start: the state is there, nothing can be written,
// and when there is room it can.
func TestFullAtOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, on := t.TempDir(), false
		d := newFakeDisk()
		j := mustOpen(t, dir, Options{disk: d})
		mustWrite(t, j, Record{File: &File{ID: 1, Path: "/log"}}, Record{Lane: &Lane{ID: 1}}, intent(1, 5, 0, 1, span(1, 0, 10)))
		j.Close()
		on = true
		d.outcome = full(&on)
		j = mustOpen(t, dir, Options{disk: d})
		if st := j.State(); len(st.Files) != 1 || st.Damaged != 0 {
			t.Errorf("state %+v", st)
		}
		if err := j.Write(Record{File: &File{ID: 2, Path: "/b"}}); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("error %v", err)
		}
		d.mu.Lock()
		tries := d.steps
		d.mu.Unlock()
		overflow(t, j)
		for range 100 { // as many lanes do
			if j.Write(Record{File: &File{ID: 2, Path: "/b"}}) == nil {
				t.Fatal("a write to a full disk")
			}
		}
		j.Note(ack(1, 0, 0)) // written once, or it would not fit the second time
		d.mu.Lock()
		if tries = d.steps - tries; tries > 10 {
			t.Errorf("the snapshot was tried %d times in no time", tries)
		}
		d.mu.Unlock()
		d.mu.Lock()
		on = false
		d.mu.Unlock()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		mustWrite(t, j, Record{File: &File{ID: 4, Path: "/d"}})
		j.Close()
		j = mustOpen(t, dir, Options{disk: d})
		st := j.State()
		if len(st.Files) != 3 || st.Files[1].Ino != 19_999 || st.Files[0].Acked != 10 || st.Damaged != 0 {
			t.Errorf("after it: %+v", st)
		}
		j.Close()
	})
}

// overflow notes more than is kept while nothing can be written: the next
// generation has it.
func overflow(t *testing.T, j *Journal) {
	t.Helper()
	for n := range 20_000 {
		j.Note(Record{File: &File{ID: 3, Path: "/c", Ino: uint64(n)}})
	}
	if len(j.notes) > notesMax+1000 {
		t.Errorf("%d bytes of notes", len(j.notes))
	}
}

// Notes that were dropped because they were too many come with the next
// generation, before anything else is written.
func TestManyNotesOnAFullDisk(t *testing.T) {
	d, on := newFakeDisk(), false
	d.outcome = full(&on)
	dir, now := t.TempDir(), time.Now()
	o := Options{Sync: time.Hour, disk: d, now: func() time.Time { return now }}
	j := mustOpen(t, dir, o)
	on = true
	j.Note(Record{File: &File{ID: 2, Path: "/b"}})
	overflow(t, j)
	on = false
	now = now.Add(retryEvery)
	mustWrite(t, j, Record{File: &File{ID: 4, Path: "/d"}})
	o.disk = d.after(false)
	j.Close()
	st := mustOpen(t, dir, o).State()
	if len(st.Files) != 3 || st.Files[1].Ino != 19_999 {
		t.Errorf("%+v", st.Files)
	}
}

// Short writes that cannot be cut off: a later, shorter write must not leave
// whole lines of the failed one behind itself.
func TestShortWriteIsNotSeen(t *testing.T) {
	dir, d := t.TempDir(), newFakeDisk()
	j := mustOpen(t, dir, Options{Sync: time.Hour, disk: d})
	mustWrite(t, j, Record{Lane: &Lane{ID: 1}})
	broken := 0
	d.outcome = func(_ int, op string, n int) (int, error) {
		switch {
		case op == "write" && broken == 0:
			broken++
			return n - 1, syscall.EIO
		case op == "truncate" && broken == 1:
			broken++
			return 0, syscall.EIO
		}
		return n, nil
	}
	if err := j.Write(intent(1, 5, 0, 1), intent(1, 5, 1, 1), intent(1, 5, 2, 1)); err == nil {
		t.Fatal("no error")
	}
	mustWrite(t, j, intent(1, 5, 7, 1))
	again := mustOpen(t, t.TempDir(), Options{disk: d.after(false)})
	if l := again.State().Lanes[0]; len(l.Intents) != 1 || l.Intents[0].First != 7 {
		t.Errorf("%+v", l)
	}
	again.Close()
}

// After a sync that failed, only a new generation is durable for sure.
func TestSyncFails(t *testing.T) {
	dir, d, fail := t.TempDir(), newFakeDisk(), true
	j := mustOpen(t, dir, Options{Sync: time.Hour, disk: d})
	mustWrite(t, j, Record{Lane: &Lane{ID: 1}})
	d.outcome = func(_ int, op string, n int) (int, error) {
		if op == "sync" && fail {
			fail = false
			return 0, syscall.EIO
		}
		return n, nil
	}
	if err := j.WriteSync(intent(1, 5, 0, 1)); !errors.Is(err, syscall.EIO) {
		t.Fatalf("error %v", err)
	}
	l := load(d.after(false), "", []uint64{1}, length{}, slog.New(slog.DiscardHandler))
	if n := len(l.fold.lanes[1].intents); n != 0 {
		t.Errorf("%d records of the failed write are left", n)
	}
	if err := j.WriteSync(intent(1, 5, 7, 1)); err != nil {
		t.Fatal(err)
	}
	if j.gen != 2 {
		t.Errorf("generation %d", j.gen)
	}
	again := mustOpen(t, t.TempDir(), Options{disk: d.after(true)})
	if l := again.State().Lanes[0]; len(l.Intents) != 1 || l.Intents[0].First != 7 {
		t.Errorf("%+v", l)
	}
	again.Close()
}

// What was written is durable an interval later, though nobody asks.
func TestSyncInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFakeDisk()
		j := mustOpen(t, t.TempDir(), Options{Sync: time.Second, disk: d})
		mustWrite(t, j, Record{Lane: &Lane{ID: 1}})
		lanes := func() int {
			l := load(d.after(true), "", []uint64{1}, length{}, slog.New(slog.DiscardHandler))
			return len(l.fold.lanes)
		}
		if lanes() != 0 {
			t.Error("durable at once")
		}
		time.Sleep(time.Second + time.Millisecond)
		synctest.Wait()
		if lanes() != 1 {
			t.Error("not durable after the interval")
		}
		before := d.steps
		time.Sleep(time.Hour)
		synctest.Wait()
		if d.steps != before {
			t.Error("an idle journal is written")
		}
		j.Close()
	})
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{})
	_, err := Open(dir, Options{})
	if err == nil || !strings.Contains(err.Error(), "in use by process ") || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v", err)
	}
	j.Close()
	mustOpen(t, dir, Options{}).Close()
	// what is no directory
	name := filepath.Join(dir, "file")
	os.WriteFile(name, nil, 0o600)
	if _, err := Open(name, Options{}); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("error %v", err)
	}
	if err := j.Write(ack(1, 1, 1)); !errors.Is(err, ErrClosed) {
		t.Errorf("a write after Close: %v", err)
	}
}

// However many batches there are, the journal stays small and opens at once.
func TestManyBatches(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, Options{Sync: time.Hour})
	mustWrite(t, j, Record{File: &File{ID: 1, Path: "/log"}}, Record{Lane: &Lane{ID: 1}}, Record{PID: &PID{Lane: 1, PID: 5}})
	batches := int64(30_000)
	if os.Getenv("JOURNAL_LONG") != "" {
		batches = 1_000_000
	}
	for n := range batches {
		mustWrite(t, j, intent(1, 5, int32(n), 1, span(1, n*10, n*10+10)))
		j.Note(ack(1, int32(n), n))
	}
	j.Close()
	if j.gen < 5 {
		t.Errorf("%d generations", j.gen)
	}
	total := int64(0)
	names, _ := os.ReadDir(dir)
	for _, n := range names {
		info, _ := n.Info()
		total += info.Size()
	}
	if total > 2*(compactMin+64<<10) || len(names) != 4 {
		t.Errorf("%d bytes in %d files", total, len(names))
	}
	start := time.Now()
	st := mustOpen(t, dir, Options{}).State()
	t.Logf("%d batches: %d bytes, opened in %v", batches, total, time.Since(start))
	if st.Files[0].Acked != batches*10 || len(st.Lanes[0].Intents) != 0 {
		t.Errorf("%+v", st)
	}
}

func BenchmarkWrite(b *testing.B) {
	j, err := Open(b.TempDir(), Options{Sync: time.Second})
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	j.Write(Record{File: &File{ID: 1, Path: "/log"}}, Record{Lane: &Lane{ID: 1}}, Record{PID: &PID{Lane: 1, PID: 5}})
	b.ReportAllocs()
	for n := int32(0); b.Loop(); n++ {
		j.Write(intent(1, 5, n, 1, span(1, int64(n)*10, int64(n)*10+10)))
		j.Note(ack(1, n, int64(n)))
	}
}
