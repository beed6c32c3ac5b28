package tail

import (
	"testing"

	"tailrace/agent/flow"
)

// Files become ready while the output gives their topic back, over and over: each
// is read, since the topic is taken again for those that came too late.
func TestReadyWhileTopicRests(t *testing.T) {
	const files = 10000
	in := &Input{files: map[flow.FileID]*file{}, takers: map[string]func(flow.Topic){}}
	q := newQueue(in, "", "topic")
	taken, opened := make(chan struct{}, files), make(chan struct{}, files)
	in.takers[""] = func(t flow.Topic) {
		t.Share(func(*flow.Form) int32 { return 0 }, func(int32, flow.Feed) { opened <- struct{}{} })
		taken <- struct{}{}
	}
	added := make(chan struct{})
	go func() {
		defer close(added)
		for i := range files {
			f := &file{id: flow.FileID(i), queue: q}
			in.mu.Lock()
			in.files[f.id] = f
			in.mu.Unlock()
			q.add(f)
		}
	}()
	read := map[*file]bool{}
	rest := func() {
		s := q.Feed(0).(*feed)
		for f := s.Take(); f != nil; f = s.Take() {
			read[f] = true
			s.Put(f, false, false)
		}
		q.Rest()
	}
	for over := false; !over || len(taken) > 0; {
		select {
		case <-taken:
			rest()
		case <-added:
			over, added = true, nil
		}
	}
	if len(read) != files {
		t.Errorf("%d of %d files were read", len(read), files)
	}
	if len(opened) == 0 {
		t.Error("no feed was opened")
	}
}
