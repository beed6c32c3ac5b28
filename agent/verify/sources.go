package verify

import (
	"context"
	"errors"
	"maps"
)

// source is a topic that is read, as far as it can be.
type source struct {
	Topic
	*topic // nil: it could not be opened
	at     Source
	number int32
	read   bool // in this pass
}

// source is the one of that name, which is opened unless it is known.
func (w *work) source(at Source, former bool) *source {
	s := w.numbers[at]
	if s != nil {
		return s
	}
	s = &source{at: at, Topic: Topic{Source: at, Former: former, Others: map[string]int64{}}, number: int32(len(w.sources))}
	w.numbers[at] = s
	w.sources = append(w.sources, s)
	var err error
	if s.topic, err = openTopic(w.Client, at); err != nil {
		w.fail(s, err)
	}
	return s
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
		t.Partitions, t.Gaps = s.parts, s.gaps.Load()
	}
	t.Others = maps.Clone(t.Others)
	return t
}

// read reads the topics that were not read in this pass. One that fails is not
// read again.
func (w *work) read(ctx context.Context) error {
	paths := map[string]bool{} // whether the time is left out
	for _, f := range w.files {
		if f.File.Unknown != History {
			paths[f.File.Path] = timed(f.options())
		}
	}
	for _, s := range w.sources {
		if s.read || s.Error != "" {
			continue
		}
		s.read = true
		s.gaps.Store(0)
		err := s.topic.read(ctx, w.counter(w.stepName(s), s.records(), false), func(b *batch) { b.find(w, s, paths) })
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			w.fail(s, err)
		}
	}
	return nil
}
