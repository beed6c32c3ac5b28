package verify

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

// source is a topic that is read, as far as it can be.
type source struct {
	Topic
	*topic // nil: it could not be opened
	at     Source
	number int32
	read   bool // in this pass
}

// source is the one of that name.
func (w *work) source(at Source, former bool) *source {
	s := w.numbers[at]
	if s != nil {
		return s
	}
	s = &source{at: at, Topic: Topic{Source: at, Former: former, Partitions: []Partition{}, Others: map[string]int64{}}, number: int32(len(w.sources))}
	w.numbers[at] = s
	w.sources = append(w.sources, s)
	return s
}

// atOnce is how many topics are opened at a time: brokers that do not answer are
// waited for once, and not once for each.
const atOnce = 32

// open opens the topics that are new.
func (w *work) open() {
	var all sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for _, s := range w.sources {
		if s.topic != nil || s.Error != "" {
			continue
		}
		c, err := w.Client(s.at.Output)
		if err != nil {
			w.fail(s, &TopicError{s.at, -1, err})
			continue
		}
		slots <- struct{}{}
		all.Go(func() {
			var err error
			if s.topic, err = openTopic(c, s.at); err != nil {
				w.fail(s, err)
			}
			<-slots
		})
	}
	all.Wait()
}

// fail notes that s cannot be read.
func (w *work) fail(s *source, err error) {
	s.Error = err.Error()
	if known, ok := errors.AsType[*TopicError](err); ok {
		s.Error = w.Text(known)
	}
}

// result is what is told of s.
func (s *source) result() Topic {
	t := s.Topic
	if s.topic != nil {
		t.Partitions, t.Gaps, t.ID = s.parts, s.gaps.Load(), s.id
	}
	t.Others = maps.Clone(t.Others)
	return t
}

// read reads the topics that were not read in this pass. One that fails is not
// read again; after one to which no broker answered, nothing of its output is waited
// for.
func (w *work) read(ctx context.Context) error {
	for _, s := range w.sources {
		if s.read || s.Error != "" {
			continue
		}
		s.read = true
		s.gaps.Store(0)
		err := s.topic.read(ctx, w.silent.wait(s.at.Output), w.counter(w.stepName(s), s.records(), false), func(b *batch) { b.find(w, s) })
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			w.fail(s, err)
			w.silent.note(s.at.Output, err)
		}
	}
	return nil
}

// silent is the outputs of which no broker answered for long.
type silent map[string]bool

// wait is for how long requests may fail.
func (s silent) wait(output string) time.Duration {
	if s[output] {
		return 0
	}
	return patience
}

// note notes why a topic of an output could not be read.
func (s silent) note(output string, err error) {
	_, answered := errors.AsType[sarama.KError](err)
	s[output] = s[output] || !answered && !errors.Is(err, errNothing)
}
