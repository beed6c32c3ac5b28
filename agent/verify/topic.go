package verify

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"tailrace/agent/deadletter"
	"tailrace/agent/proof"
)

const (
	// fetchMax is how many bytes of batches are asked for at a time.
	fetchMax = 2 << 20
	// fetchWait is how long a broker waits for data to come, milliseconds.
	fetchWait = 500
	// fetchVersion is of the Fetch that is spoken: the last before it names
	// topics by id. The broker's answer brings it down to what it has.
	fetchVersion = 11
	// patience is how long a partition may give nothing until it is an error.
	patience = time.Minute
	// pause is how long is waited before a try is made again.
	pause = 500 * time.Millisecond
)

// topic is a topic from its beginning up to what was its end when it was opened.
type topic struct {
	client sarama.Client
	name   string
	parts  []Partition
}

func openTopic(client sarama.Client, name string) (*topic, error) {
	t := &topic{client: client, name: name}
	ids, err := client.Partitions(name)
	if err != nil {
		return nil, t.fail(-1, err)
	}
	for _, id := range ids {
		p := Partition{ID: id}
		if p.Begin, err = client.GetOffset(name, id, sarama.OffsetOldest); err != nil {
			return nil, t.fail(id, err)
		}
		if p.End, err = client.GetOffset(name, id, sarama.OffsetNewest); err != nil {
			return nil, t.fail(id, err)
		}
		t.parts = append(t.parts, p)
	}
	return t, nil
}

// TopicError says that a topic could not be read.
type TopicError struct {
	Topic     string
	Partition int32 // -1: none
	Err       error
}

func (e *TopicError) Error() string {
	if e.Partition < 0 {
		return fmt.Sprintf("topic %s: %v", e.Topic, e.Err)
	}
	return fmt.Sprintf("topic %s, partition %d: %v", e.Topic, e.Partition, e.Err)
}

func (e *TopicError) Unwrap() error { return e.Err }

func (t *topic) fail(partition int32, err error) error {
	return &TopicError{t.name, partition, err}
}

// records is how many there are at most.
func (t *topic) records() (n int64) {
	for _, p := range t.parts {
		n += p.End - p.Begin
	}
	return n
}

// begins is where the partitions begin.
func (t *topic) begins() map[int32]int64 {
	out := map[int32]int64{}
	for _, p := range t.parts {
		out[p.ID] = p.Begin
	}
	return out
}

func (t *topic) result(strange int64) Topic {
	return Topic{Name: t.name, Partitions: t.parts, Strange: strange}
}

// batch is one batch of a partition.
type batch struct {
	partition int32
	mu        *sync.Mutex // guards what the batches of all partitions are put into
	*sarama.RecordBatch
	from, to int64 // offsets of the records that count
}

// read gives all batches, those of a partition in their order, partitions at the
// same time. moved is told of offsets that were gone through.
func (t *topic) read(ctx context.Context, moved func(int64), give func(*batch)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range t.parts {
		all.Go(func() {
			if err := t.partition(ctx, &t.parts[i], &mu, moved, give); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// partition gives the batches of one. The next are fetched meanwhile.
func (t *topic) partition(ctx context.Context, p *Partition, mu *sync.Mutex, moved func(int64), give func(*batch)) error {
	fetched := make(chan []*sarama.RecordBatch)
	at := p.Begin
	var failed error
	go func() {
		defer close(fetched)
		failed = t.fetch(ctx, p, fetched)
	}()
	for all := range fetched {
		for _, b := range all {
			if next := min(p.End, b.LastOffset()+1); next > at {
				if !b.Control {
					give(&batch{p.ID, mu, b, at, p.End})
				}
				moved(next - at)
				at = next
			}
		}
	}
	return failed
}

// fetch fetches all batches up to the end, with as many tries as it takes
// unless nothing comes for long.
func (t *topic) fetch(ctx context.Context, p *Partition, out chan<- []*sarama.RecordBatch) error {
	last := time.Now()
	for at := p.Begin; at < p.End; {
		all, err := t.ask(p.ID, at)
		switch {
		case errors.Is(err, sarama.ErrOffsetOutOfRange):
			at, err = t.expired(p, at)
			if err != nil {
				return t.fail(p.ID, err)
			}
			continue
		case err != nil || len(all) == 0:
			if time.Since(last) > patience || fatal(err) {
				if err == nil {
					err = fmt.Errorf("nothing came for %v behind offset %d, and it goes up to %d", patience, at, p.End)
				}
				return t.fail(p.ID, err)
			}
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return ctx.Err()
			}
			if err != nil {
				_ = t.client.RefreshMetadata(t.name) // the next try tells
			}
			continue
		}
		last = time.Now()
		for _, b := range all {
			at = max(at, b.LastOffset()+1)
		}
		select {
		case out <- all:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// fatal says that trying again does not help.
func fatal(err error) bool {
	return errors.Is(err, sarama.ErrTopicAuthorizationFailed) || errors.Is(err, sarama.ErrUnknownTopicOrPartition) ||
		errors.Is(err, sarama.ErrClosedClient)
}

// expired notes that the beginning of the partition was deleted meanwhile.
func (t *topic) expired(p *Partition, at int64) (int64, error) {
	begin, err := t.client.GetOffset(t.name, p.ID, sarama.OffsetOldest)
	if err != nil {
		return at, err
	}
	if begin <= at {
		return at, fmt.Errorf("offset %d is out of range", at)
	}
	p.Begin = begin
	return min(begin, p.End), nil
}

// ask fetches some batches.
func (t *topic) ask(partition int32, at int64) ([]*sarama.RecordBatch, error) {
	leader, err := t.client.Leader(t.name, partition)
	if err != nil {
		return nil, err
	}
	request := &sarama.FetchRequest{
		Version: fetchVersion, MinBytes: 1, MaxBytes: fetchMax, MaxWaitTime: fetchWait,
		SessionEpoch: -1, // no session
	}
	request.AddBlock(t.name, partition, at, fetchMax, -1)
	answer, err := leader.Fetch(request)
	if err != nil {
		return nil, err
	}
	if answer.ErrorCode != 0 {
		return nil, sarama.KError(answer.ErrorCode)
	}
	b := answer.GetBlock(t.name, partition)
	if b == nil {
		return nil, errors.New("the answer is of another partition")
	}
	if b.Err != sarama.ErrNoError {
		return nil, b.Err
	}
	var all []*sarama.RecordBatch
	for _, set := range b.RecordsSet {
		if r := set.RecordBatch; r != nil && !r.PartialTrailingRecord && r.LastOffset() >= at {
			all = append(all, r)
		}
	}
	return all, nil
}

// found is one record that was found.
type found struct {
	path, host []byte
	proof.Record
	at proof.Place
}

// find tells the set of the records that are this host's and name one of the
// paths, of which it is said whether their values have a time in them.
func (b *batch) find(paths map[string]bool, own func(path, key, host []byte) bool, set *proof.Set) {
	all := make([]found, 0, len(b.Records))
	for _, r := range b.Records {
		offset := b.FirstOffset + r.OffsetDelta
		if offset < b.from || offset >= b.to {
			continue
		}
		f, ok := origin(r)
		if !ok {
			continue
		}
		inObject, wanted := paths[string(f.path)]
		if !wanted || !own(f.path, r.Key, f.host) {
			continue
		}
		value := r.Value
		if inObject {
			value = timeless(value)
		}
		f.Size, f.Value = int32(len(r.Value)), hash(value)
		f.at = proof.Place{Partition: b.partition, Offset: offset}
		all = append(all, f)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range all {
		set.Find(all[i].path, all[i].Record, all[i].at)
	}
}

// origin is what the headers say of where a record is from.
func origin(r *sarama.Record) (f found, ok bool) {
	offset := false
	for _, h := range r.Headers {
		switch string(h.Key) {
		case "path":
			f.path = h.Value
		case "offset":
			n, err := strconv.ParseInt(string(h.Value), 10, 64)
			f.Offset, offset = n, err == nil && n >= 0
		case "part":
			f.Part, f.Final = parsePart(h.Value)
		case "truncated":
			f.Cut = true
		case "host":
			f.host = h.Value
		case deadletter.Header:
			return f, false // sent by hand, beside the line
		}
	}
	return f, f.path != nil && offset
}
