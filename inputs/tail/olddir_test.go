package tail

import (
	"os"
	"strings"
	"testing"
	"time"
)

// What is rotated to another directory while the agent is down is found there,
// by its handle or by a search, and so is what nobody saw: all in order.
func TestOldDirWhileDown(t *testing.T) {
	f := func(name string, want []string, rotate func(h *host)) {
		for _, handles := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					h := newHost(t, "app/a.log")
					h.noHandles = !handles
					h.must(os.MkdirAll(h.path("app/old/deep"), 0o755))
					h.must(os.MkdirAll(h.path("beside"), 0o755))
					h.whileDown("app/a.log", want, rotate)
				})
			})
		}
	}
	f("once", []string{"2", "3"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.rename("app/a.log", "app/old/a.log.1")
		h.append("app/a.log", "3\n")
	})
	f("twice", []string{"2", "3", "4"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.rename("app/a.log", "app/old/a.log.2")
		h.append("app/old/a.log.1", "3\n")
		h.append("app/a.log", "4\n")
	})
	f("nothing is at the path", []string{"2", "3"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.rename("app/a.log", "app/old/a.log.2")
		h.append("app/old/a.log.1", "3\n")
	})
	f("with dates, two levels deep", []string{"2", "3", "4"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.rename("app/a.log", "app/old/deep/a.log-20260101")
		h.append("app/old/deep/a.log-20260102", "3\n")
		h.append("app/a.log", "4\n")
	})
	f("a directory beside", []string{"2", "3"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.rename("app/a.log", "beside/a.log")
		h.append("app/a.log", "3\n")
	})
	f("copytruncate", []string{"2", "3", "4"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.copyTruncate("app/a.log", "app/old/a.log-20260101")
		h.append("app/a.log", "3\n")
		h.append("app/a.log", "4\n")
	})
	f("copytruncate, twice", []string{"2", "3", "4"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.copyTruncate("app/a.log", "app/old/a.log.2")
		h.append("app/a.log", "3\n")
		h.copyTruncate("app/a.log", "app/old/a.log.1")
		h.append("app/a.log", "4\n")
	})
	f("the directory is renamed", []string{"2"}, func(h *host) {
		h.append("app/a.log", "2\n")
		h.rename("app", "elsewhere")
	})
}

// With its handle a file is found wherever it is on its file system.
func TestFarAway(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.must(os.MkdirAll(h.path("1/2/3/4"), 0o755))
		h.append("a.log", "1\n")
		h.session()
		h.append("a.log", "2\n")
		h.rename("a.log", "1/2/3/4/b")
		h.append("a.log", "3\n")
		h.start()
		if h.settle(); h.in.noHandles {
			h.stop()
			t.Skip("files may not be opened by their handles here")
		}
		h.want("1", "2", "3")
		h.stop()
	})
}

// The directory that files were rotated to is known over a restart: what comes
// there while the agent is down is unread, and history stays history.
func TestOldDirIsRemembered(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.must(os.Mkdir(h.path("old"), 0o755))
		h.append("old/a.log-20260101", "history\n")
		h.append("a.log", long+"\n")
		h.start()
		h.take()
		h.rename("a.log", "old/a.log-20260102")
		h.append("a.log", "2\n")
		h.settle()
		h.wait(2 * graceTime)
		h.want(long, "2")
		h.stop()
		h.append("a.log", "3\n")
		h.rename("a.log", "old/a.log-20260103")
		h.append("old/a.log-20260104", "4\n")
		h.append("a.log", "5\n")
		h.start()
		h.settle()
		h.want(long, "2", "3", "4", "5")
		h.stop()
	})
}

// The same while the agent runs, and only looks from time to time.
func TestOldDirBetweenTwoLooks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "**/*.log*") // the directory is followed, too
		h.must(os.Mkdir(h.path("old"), 0o755))
		h.append("a.log", long+"\n")
		h.start()
		h.settle()
		for i := range 4 {
			h.append("a.log", strings.Repeat("1", i+1)+"\n")
			h.must(os.RemoveAll(h.path("old/a.log.2")))
			if i > 0 {
				h.rename("old/a.log.1", "old/a.log.2")
			}
			h.rename("a.log", "old/a.log.1")
			h.append("a.log", strings.Repeat("2", i+1)+"\n")
			h.rename("old/a.log.1", "old/a.log.2")
			h.rename("a.log", "old/a.log.1")
			h.append("a.log", strings.Repeat("3", i+1)+"\n")
			h.settle()
			h.wait(2 * scanEvery)
			h.settle()
		}
		h.want(long, "1", "2", "3", "11", "22", "33", "111", "222", "333", "1111", "2222", "3333")
		h.stop()
	})
}

// A file of other content that is put into the directory that files were rotated to
// is one of its own: what is at the path is followed on.
func TestStrangerInOldDir(t *testing.T) {
	for _, name := range []string{"old/a.log-20260102", "old/a.log-20260102.gz"} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := newHost(t, "a.log", "old/*")
				h.must(os.Mkdir(h.path("old"), 0o755))
				h.append("a.log", long+"\n")
				h.start()
				h.settle()
				h.rename("a.log", "old/a.log-20260101")
				h.append("a.log", "2 "+long+"\n")
				h.settle()
				plain := strings.TrimSuffix(name, ".gz")
				h.append("restored", "stranger "+long+"\n")
				if plain != name {
					h.compress("restored", ".gz")
					h.rename("restored.gz", name)
				} else {
					h.rename("restored", name)
				}
				h.wait(2 * scanEvery)
				h.settle()
				h.must(h.in.ask(t.Context(), func() {
					if f := h.in.tails[h.path("a.log")]; f.now != h.path("a.log") || f.state != following {
						t.Errorf("the newest file of the path is %q", f.now)
					}
				}))
				h.append("a.log", "3\n")
				h.settle()
				h.want(long, "2 "+long, "stranger "+long, "3")
				h.stop()
			})
		})
	}
}

// A search near, of files that are missing, is not made for each of them, and
// not at each look.
func TestSearchesNearAreFew(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "app/*.log")
		h.noHandles = true
		h.must(os.MkdirAll(h.path("app/sub"), 0o755))
		lists := 0
		h.before = func(call, path string) error {
			if call == "list" && path == h.path("app/sub") {
				h.mu.Lock()
				lists++
				h.mu.Unlock()
			}
			return nil
		}
		for i := range 50 {
			h.append("app/"+strings.Repeat("x", i+1)+".log", long+"\n")
		}
		h.session()
		h.must(os.RemoveAll(h.path("app")))
		h.must(os.MkdirAll(h.path("app/sub"), 0o755))
		lists = 0
		h.start()
		h.wait(5 * time.Second)
		h.stop()
		if lists == 0 || lists > 6 {
			t.Errorf("%d lists", lists)
		}
	})
}
