package journal

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// home is a journal in a real directory that somebody is about to meddle with.
type home struct {
	t   *testing.T
	dir string
	j   *Journal
	log *strings.Builder
}

func newHome(t *testing.T) *home {
	h := &home{t: t, dir: filepath.Join(t.TempDir(), "state"), log: &strings.Builder{}}
	h.j = mustOpen(t, h.dir, Options{Sync: time.Second, Log: slog.New(slog.NewTextHandler(h.log, nil))})
	mustWrite(t, h.j, Record{File: &File{ID: 1, Path: "/log"}}, Record{Lane: &Lane{ID: 1}}, intent(1, 5, 0, 1, span(1, 0, 10)))
	h.j.Note(ack(1, 0, 7))
	return h
}

// wait lets time pass, and what is due be done.
func (h *home) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// generation is the number of the generation that is written.
func (h *home) generation() uint64 {
	h.j.mu.Lock()
	defer h.j.mu.Unlock()
	return h.j.gen
}

// wantAcked opens what is in the directory as the next run would.
func (h *home) wantAcked(want int64) {
	h.t.Helper()
	j := mustOpen(h.t, h.dir, Options{})
	defer j.Close()
	st := j.State()
	if len(st.Files) != 1 || st.Files[0].Acked != want || st.Damaged != 0 || st.Lanes[0].Offset < 0 {
		h.t.Errorf("found %+v, want %d acked", st, want)
	}
}

// saidOnce checks that it was said once that the journal was astray, and once
// that it is home.
func (h *home) saidOnce() {
	h.t.Helper()
	if n := strings.Count(h.log.String(), "deleted or replaced"); n != 1 || strings.Count(h.log.String(), "in its directory again") != 1 {
		h.t.Errorf("log:\n%s", h.log)
	}
}

func (h *home) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// Whatever of it is removed or exchanged while the journal is in use, it is all
// there at the next start, whether something is written in between or not, and
// the directory is locked.
func TestHomeGone(t *testing.T) {
	for name, meddle := range map[string]func(h *home){
		"the directory is removed": func(h *home) { h.must(os.RemoveAll(h.dir)) },
		"the directory is moved":   func(h *home) { h.must(os.Rename(h.dir, h.dir+".old")) },
		"a file is where the lock was": func(h *home) {
			h.must(os.Remove(lockName(h.dir)))
			h.must(os.WriteFile(lockName(h.dir), nil, 0o640))
		},
		"the journal's file is removed": func(h *home) {
			h.must(os.Remove(generationName(h.dir, h.generation())))
		},
		"an older copy is put back": func(h *home) {
			old := h.dir + ".old"
			h.must(os.CopyFS(old, os.DirFS(h.dir)))
			// The number of a later run: the next start would begin with it.
			h.must(os.Rename(generationName(old, h.generation()), generationName(old, h.generation()+7)))
			mustWrite(h.t, h.j, intent(1, 5, 1, 1, span(1, 10, 15)))
			h.j.Note(ack(1, 1, 8))
			h.must(os.RemoveAll(h.dir))
			h.must(os.Rename(old, h.dir))
		},
	} {
		f := func(when string, wait time.Duration, write bool) {
			t.Run(name+", "+when, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					h := newHome(t)
					h.wait(2 * time.Second)
					meddle(h)
					want := int64(10)
					if strings.HasPrefix(name, "an older") {
						want = 15
					}
					if write {
						mustWrite(t, h.j, intent(1, 5, 5, 1, span(1, want, want+5)))
						h.j.Note(ack(1, 5, 12))
						want += 5
					}
					h.wait(wait)
					if wait > 0 {
						if _, err := Open(h.dir, Options{}); err == nil || !strings.Contains(err.Error(), "in use by process") {
							t.Errorf("the directory is not locked: %v", err)
						}
						gens, err := generations(osDisk{}, h.dir)
						if want := h.generation(); err != nil || len(gens) != 1 || gens[0] != want {
							t.Errorf("generations %d, %v, want %d alone", gens, err, want)
						}
					}
					if err := h.j.Close(); err != nil {
						t.Error(err)
					}
					h.saidOnce()
					h.wantAcked(want)
				})
			})
		}
		f("idle", homeEvery+time.Second, false)
		f("writing", 3*time.Second, true)
		f("at the end", 0, false)
	}
}

// While another agent has the directory nothing is written: lines wait.
func TestHomeTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHome(t)
		h.must(os.RemoveAll(h.dir))
		other := mustOpen(t, h.dir, Options{})
		h.wait(homeEvery + time.Second)
		if err := h.j.Write(intent(1, 5, 1, 1, span(1, 10, 20))); err == nil || !strings.Contains(err.Error(), "in use by process") {
			t.Errorf("error %v", err)
		}
		h.must(other.Close())
		h.wait(2 * time.Second)
		mustWrite(t, h.j, intent(1, 5, 1, 1, span(1, 10, 20)))
		h.must(h.j.Close())
		h.saidOnce()
		h.wantAcked(10)
	})
}

// Where the directory cannot be made again, it is tried until it can.
func TestHomeCannotBeMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHome(t)
		h.must(os.RemoveAll(h.dir))
		h.must(os.WriteFile(h.dir, nil, 0o640))
		h.wait(time.Minute)
		if err := h.j.Write(intent(1, 5, 1, 1, span(1, 10, 20))); err == nil {
			t.Error("written to nowhere")
		}
		h.must(os.Remove(h.dir))
		h.wait(2 * time.Second)
		h.must(h.j.Close())
		h.saidOnce()
		h.wantAcked(10)
	})
}
