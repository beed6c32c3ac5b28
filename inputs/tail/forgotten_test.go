package tail

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tailrace/agent/flow"
	"tailrace/agent/route"
)

// sizes is how much is in each map of v, and of the structs that it has.
func sizes(of map[string]int, name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Map:
		of[name] = v.Len()
	case reflect.Struct:
		for i := range v.NumField() {
			sizes(of, name+"."+v.Type().Field(i).Name, v.Field(i))
		}
	}
}

// Files of all kinds come and go, each with a name and a topic of its own, and much
// is said of them: when it is over, no more is kept the more they were.
func TestNothingIsKept(t *testing.T) {
	f := func(files int) (of map[string]int) {
		bubble(t, func(t *testing.T) {
			h := newHost(t, "a.log*")
			r, bad := route.New(route.Options{Topic: "t-{base}", Fallback: "rest"})
			if bad != nil {
				t.Fatal(bad)
			}
			h.opts.Inputs = append(h.opts.Inputs, Config{Paths: []string{h.path("*.app")}, Route: r, Start: "beginning"})
			h.before = func(call, path string) error {
				if call == "open" && strings.HasSuffix(path, ".gz") {
					return unix.EACCES
				}
				return nil
			}
			h.append("a.log", long+"\n")
			h.start()
			o := &taken{}
			h.in.Take("", o.open)
			for i := range files {
				h.coming(i)
				h.settle()
				h.going(i)
				h.shipTopics(o)
				h.wait(2 * scanEvery)
			}
			h.jump(2 * keepPath)
			h.must(h.in.ask(t.Context(), func() {
				for key, last := range h.in.said {
					h.in.said[key] = last.Add(-sayAgain)
				}
			}))
			h.wait(2 * keepParcel)
			h.shipTopics(o)
			h.wait(time.Minute)
			of = map[string]int{}
			h.must(h.in.ask(t.Context(), func() { sizes(of, "Input", reflect.ValueOf(h.in).Elem()) }))
			for _, says := range []string{"several names", "not what the path gives", "cannot read", "in a circle", "shipped late"} {
				if n := h.logged(says); n == 0 {
					t.Errorf("%q was said %d times:\n%s", says, n, h.log)
				}
			}
			h.stop()
		})
		return of
	}
	few, many := f(keepGone+2), f(2*keepGone+4)
	for name, n := range many {
		if n > few[name] {
			t.Errorf("%s has %d entries, and %d after half as many files", name, n, few[name])
		}
	}
	if len(many) < 20 {
		t.Errorf("only %v were counted", many)
	}
}

// coming makes files of all kinds.
func (h *host) coming(i int) {
	h.t.Helper()
	h.append(fmt.Sprintf("ä%d.app", i), fmt.Sprintf("line %d\n", i))
	h.must(os.Link(h.path("a.log"), h.path(fmt.Sprintf("a.log-%d-link", i))))
	circle := fmt.Sprintf("a.log-%d-circle", i)
	h.must(os.Symlink(circle, h.path(circle)))
	h.append("other", fmt.Sprintf("%s %d\n", long, i))
	h.compress("other", ".gz")
	h.rename("other.gz", fmt.Sprintf("a.log.%d.gz", i+10))
}

// going rotates the log, writes to it once more, and removes what is old.
func (h *host) going(i int) {
	h.t.Helper()
	old, _ := filepath.Glob(h.path("a.log?*"))
	apps, _ := filepath.Glob(h.path("*.app"))
	for _, path := range append(old, apps...) {
		h.must(os.Remove(path))
	}
	h.rename("a.log", "a.log.1")
	h.append("a.log", fmt.Sprintf("%s after %d\n", long, i))
	h.settle()
	h.wait(2 * graceTime)
	h.append("a.log.1", "late\n")
	h.settle()
}

// shipTopics ships all that the topics have, and lets those rest that are not wanted.
func (h *host) shipTopics(o *taken) {
	h.t.Helper()
	var c flow.Chunk
	o.topics.Range(func(name, t any) bool {
		for topic := t.(flow.Topic); topic.Feed(0).Next(&c, 100); {
			s := c.Span(0, c.Lines())
			h.j.intent(s)
			h.j.ack(s)
		}
		if !t.(flow.Topic).Wanted() {
			o.topics.Delete(name)
			t.(flow.Topic).Rest()
		}
		return true
	})
}

// A log is truncated again and again, and somebody keeps the first copy: what is
// known of it does not hold all generations that came after it.
func TestKeptCopyHoldsNoGenerations(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "a.log")
		h.start()
		for n := 1; n <= 3*keepGone; n++ {
			h.write("a.log", n*10, n*10+9)
			h.wait(time.Second)
			h.take()
			h.copyTruncate("a.log", "a.log.1")
			h.wait(2 * time.Second)
			h.take()
			if n == 1 {
				h.rename("a.log.1", "a.log.kept")
			} else {
				h.remove("a.log.1")
			}
			h.wait(2 * scanEvery)
		}
		h.wait(5 * time.Minute)
		h.must(h.in.ask(t.Context(), func() {
			for _, f := range h.in.files {
				long := 0
				for g := f.next; g != nil; g = g.next {
					long++
				}
				if long > keepGone+2 {
					t.Errorf("file %d, at %s, is followed by %d", f.id, f.now, long)
				}
			}
		}))
		h.stop()
	})
}
