package kafka

import (
	"time"

	"tailrace/agent/flow"
)

// lookEvery is how often it is looked whether a topic has more partitions, or no
// files: as often as Java clients do (metadata.max.age.ms).
const lookEvery = 5 * time.Minute

// watch waits until the lanes of today are to end: because no files lead to the
// topic any more, or because it has more partitions, among which the keys are
// then shared out anew. It reports false when ctx or hard ended before.
func (s *shipment) watch() bool {
	look := time.NewTicker(s.lookEach)
	defer look.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return false
		case <-s.hard.Done():
			return false
		case <-look.C:
		}
		if !s.topic.Wanted() {
			return true
		}
		if n := s.grown(); n > s.partitions {
			s.Log.Info("the topic has more partitions: what is under way is waited for, then they are used too",
				"topic", s.name, "partitions", n, "before", s.partitions)
			return true
		}
	}
}

// grown is how many partitions there are now, 0 when that is not known, or of no
// use: lanes that wait for something would keep all others waiting.
func (s *shipment) grown() int32 {
	if s.Partitioner == Manual || s.inTrouble() {
		return 0
	}
	n, _ := await(s.ctx, &flow.Pulse{}, func() int32 { return s.cluster.partitions(s.name) })
	return n
}

// inTrouble says that a lane of the topic waits for something.
func (s *shipment) inTrouble() bool {
	for _, one := range s.Stats() {
		if one.Topic == s.name && (one.Trouble != "" || one.Pause != "") {
			return true
		}
	}
	return false
}

// start runs a lane, unless they are to end.
func (s *shipment) start(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.running.Add(1)
		if !s.Output.start(func() { defer s.running.Done(); f() }) {
			s.running.Done()
		}
	}
}

// close waits until the lanes, which ctx ends, have an ack for all that they have
// read, and gives the files back: when there is something to read again the
// topic is taken again. It reports false when hard ended before.
func (s *shipment) close() bool {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.running.Wait()
	if s.stop.Err() != nil || s.hard.Err() != nil {
		return false
	}
	if !s.topic.Wanted() {
		s.forgetTopic(s.name)
	}
	s.topic.Rest()
	return true
}

// forgetTopic drops the figures of a topic.
func (o *Output) forgetTopic(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for at := range o.tallies {
		if at.topic == name {
			delete(o.tallies, at)
		}
	}
}
