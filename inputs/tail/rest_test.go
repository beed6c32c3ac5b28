package tail

import (
	"slices"
	"sync"
	"testing"
	"time"

	"tailrace/agent/flow"
	"tailrace/agent/route"
)

// taken is the topics that an output has, with all files of each in one feed.
type taken struct{ topics sync.Map }

func (o *taken) open(t flow.Topic) {
	o.topics.Store(t.Name(), t)
	t.Share(func(*flow.Form) int32 { return 0 }, func(int32, flow.Feed) {})
}

// topic is the one of that name, nil when the output does not have it.
func (o *taken) topic(name string) flow.Topic {
	t, _ := o.topics.Load(name)
	topic, _ := t.(flow.Topic)
	return topic
}

// A topic that comes from the paths is not wanted any more an hour after all was
// acked that leads there, and taken again when there is something to read.
func TestTopicsWithoutFiles(t *testing.T) {
	bubble(t, func(t *testing.T) {
		h := newHost(t, "*.log")
		r, bad := route.New(route.Options{Topic: "app-{base}", Fallback: "rest"})
		if bad != nil {
			t.Fatal(bad)
		}
		h.opts.Inputs[0].Route = r
		h.append("a.log", long+"\n")
		h.append("b.log", long+" too\n")
		h.start()
		o := &taken{}
		h.in.Take("", o.open)
		ship := func(name string, want int) {
			t.Helper()
			h.wait(time.Second)
			var c flow.Chunk
			for topic, n := o.topic(name), 0; ; n++ {
				if topic == nil || !topic.Feed(0).Next(&c, 100) {
					if n != want {
						t.Errorf("%s gave %d chunks, want %d", name, n, want)
					}
					return
				}
				s := c.Span(0, c.Lines())
				h.j.intent(s)
				h.j.ack(s)
			}
		}
		has := func(when string, want ...string) {
			t.Helper()
			var got []string
			for _, s := range h.in.Topics() {
				got = append(got, s.Topic)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s there are %q, want %q", when, got, want)
			}
		}
		ship("app-a", 1)
		ship("app-b", 1)
		a := o.topic("app-a")
		h.wait(2 * restAfter)
		if !a.Wanted() {
			t.Error("not wanted, though the file is there")
		}
		h.remove("a.log")
		h.wait(restAfter / 2)
		if !a.Wanted() {
			t.Error("not wanted a moment after the file was removed")
		}
		h.wait(restAfter)
		if a.Wanted() || !o.topic("app-b").Wanted() {
			t.Errorf("wanted: %v, and the other %v", a.Wanted(), o.topic("app-b").Wanted())
		}
		o.topics.Delete("app-a")
		a.Rest()
		has("at rest", "app-b")
		if o.topic("app-a") != nil {
			t.Error("taken again, though there is nothing to read")
		}
		h.append("a.log", "another\n")
		ship("app-a", 1)
		has("with a new file", "app-a", "app-b")
		if h.wait(time.Minute); !a.Wanted() {
			t.Error("not wanted, though there is a file again")
		}

		// At rest while there is something to read: it is taken again at once.
		h.append("a.log", "more\n")
		h.wait(time.Second)
		o.topics.Delete("app-a")
		a.Rest()
		if o.topic("app-a") == nil {
			t.Fatal("not taken again")
		}
		ship("app-a", 1)
		h.stop()

		// A start takes only topics with something to read, or that may get it.
		h.remove("a.log")
		h.start()
		o = &taken{}
		h.in.Take("", o.open)
		h.wait(time.Minute)
		h.stop()
		h.start()
		o = &taken{}
		h.in.Take("", o.open)
		h.wait(time.Minute)
		if o.topic("app-a") != nil || o.topic("app-b") == nil {
			t.Errorf("a start takes %v and %v", o.topic("app-a"), o.topic("app-b"))
		}
		h.stop()
	})
}
