package verify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
)

const (
	// fetchMax is how many bytes of batches are asked for at a time, fetchFirst how
	// many at first, and plainMax how many they may become: lines that are all the
	// same take a thousandth of that in zstd.
	fetchMax   = 2 << 20
	fetchFirst = 64 << 10
	plainMax   = 32 << 20
	// partitionsMax is how many partitions are read at a time.
	partitionsMax = 8
	// fetchWait is how long a broker waits for data to come, milliseconds.
	fetchWait = 500
	// fetchVersion is of the Fetch that is spoken: the last before it names
	// topics by id. The broker's answer brings it down to what it has.
	fetchVersion = 11
	// patience is how long a partition may give nothing until it is an error.
	patience = 30 * time.Second
	// pause is how long is waited before a try is made again.
	pause = 500 * time.Millisecond
)

// Source is a topic of one of the outputs.
type Source struct {
	Output string `json:"output,omitempty"` // empty: the one that has no name
	Name   string `json:"name"`
}

func (s Source) String() string {
	if s.Output != "" {
		return s.Name + " of output " + s.Output
	}
	return s.Name
}

// topic is a topic from its beginning up to what was its end when it was opened.
type topic struct {
	Source
	client sarama.Client
	name   string
	id     string // empty: not known
	parts  []Partition
	gaps   atomic.Int64 // offsets at which there is nothing, when all was read
}

func openTopic(c sarama.Client, at Source) (*topic, error) {
	name := at.Name
	t := &topic{Source: at, client: c, name: name}
	ids, err := c.Partitions(name)
	if err != nil {
		return nil, t.fail(-1, err)
	}
	for _, id := range ids {
		p := Partition{ID: id}
		if p.Begin, err = c.GetOffset(name, id, sarama.OffsetOldest); err != nil {
			return nil, t.fail(id, err)
		}
		if p.End, err = c.GetOffset(name, id, sarama.OffsetNewest); err != nil {
			return nil, t.fail(id, err)
		}
		t.parts = append(t.parts, p)
	}
	t.id = topicID(c, name)
	return t, nil
}

// topicID is that of a topic, empty when it cannot be told.
func topicID(c sarama.Client, name string) string {
	broker := c.LeastLoadedBroker()
	if broker == nil {
		return ""
	}
	answer, err := broker.GetMetadata(sarama.NewMetadataRequest(c.Config().Version, []string{name}))
	if err != nil {
		return ""
	}
	for _, t := range answer.Topics {
		if t.Name == name && t.Uuid != (sarama.Uuid{}) {
			return t.Uuid.String()
		}
	}
	return ""
}

// TopicError says that a topic could not be read.
type TopicError struct {
	Source
	Partition int32 // -1: none
	Err       error
}

func (e *TopicError) Error() string {
	if e.Partition < 0 {
		return fmt.Sprintf("topic %s: %v", e.Source, e.Err)
	}
	return fmt.Sprintf("topic %s, partition %d: %v", e.Source, e.Partition, e.Err)
}

func (e *TopicError) Unwrap() error { return e.Err }

func (t *topic) fail(partition int32, err error) error {
	return &TopicError{t.Source, partition, err}
}

// records is how many there are at most.
func (t *topic) records() (n int64) {
	for _, p := range t.parts {
		n += p.End - p.Begin
	}
	return n
}

// batch is one batch of a partition.
type batch struct {
	partition int32
	mu        *sync.Mutex // guards what the batches of all partitions are put into
	*sarama.RecordBatch
	from, to int64 // offsets of the records that count
}

// read gives all batches, those of a partition in their order, partitions at the
// same time. moved is told of offsets that were gone through; wait is for how long
// requests may fail.
func (t *topic) read(ctx context.Context, wait time.Duration, moved func(int64), give func(*batch)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var all sync.WaitGroup
	slots := make(chan struct{}, partitionsMax)
	for i := range t.parts {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			if err := t.partition(ctx, &t.parts[i], wait, &mu, moved, give); err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

// partition gives the batches of one. The next are fetched meanwhile.
func (t *topic) partition(ctx context.Context, p *Partition, wait time.Duration, mu *sync.Mutex, moved func(int64), give func(*batch)) error {
	fetched := make(chan []*sarama.RecordBatch)
	at := p.Begin
	var failed error
	go func() {
		defer close(fetched)
		failed = t.fetch(ctx, p, wait, fetched)
	}()
	for all := range fetched {
		for _, b := range all {
			if next := min(p.End, b.LastOffset()+1); next > at {
				t.gaps.Add(gaps(b, at, next))
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

// gaps is at how many of the offsets there is nothing: neither a record of b nor,
// when it is one, the mark of a transaction.
func gaps(b *sarama.RecordBatch, from, to int64) int64 {
	if b.Control {
		return max(0, b.FirstOffset-from)
	}
	n := to - from
	for _, r := range b.Records {
		if o := b.FirstOffset + r.OffsetDelta; from <= o && o < to {
			n--
		}
	}
	return n
}

// fetch fetches all batches up to the end, with as many tries as it takes
// unless nothing comes for long, or requests fail for longer than wait.
func (t *topic) fetch(ctx context.Context, p *Partition, wait time.Duration, out chan<- []*sarama.RecordBatch) error {
	last, size := time.Now(), int32(fetchFirst)
	for at := p.Begin; at < p.End; {
		all, err := t.ask(p.ID, at, size)
		switch {
		case errors.Is(err, sarama.ErrOffsetOutOfRange):
			at, err = t.expired(p, at)
			if err != nil {
				return t.fail(p.ID, err)
			}
			continue
		case err != nil || len(all) == 0:
			switch silent := time.Since(last); {
			case err != nil && silent > wait, fatal(err):
				return t.fail(p.ID, err)
			case silent > patience:
				return t.fail(p.ID, fmt.Errorf("%w for %v behind offset %d, and it goes up to %d", errNothing, patience, at, p.End))
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
		last, size = time.Now(), nextSize(size, all)
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

// nextSize is how many bytes are asked for after so many gave these batches.
func nextSize(size int32, all []*sarama.RecordBatch) int32 {
	const record = 300 // about what sarama takes for each with its headers
	var plain int64
	for _, b := range all {
		for _, r := range b.Records {
			plain += record + int64(len(r.Value))
		}
	}
	plain = max(plain, 1)
	return int32(max(1, min(int64(size)*min(2*plain, plainMax)/plain, fetchMax)))
}

// errNothing says that a broker answers, and gives nothing.
var errNothing = errors.New("nothing came")

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

// ask fetches some batches, of so many bytes, but one at least.
func (t *topic) ask(partition int32, at int64, size int32) ([]*sarama.RecordBatch, error) {
	leader, err := t.client.Leader(t.name, partition)
	if err != nil {
		return nil, err
	}
	request := &sarama.FetchRequest{
		Version: fetchVersion, MinBytes: 1, MaxBytes: size, MaxWaitTime: fetchWait,
		SessionEpoch: -1, // no session
	}
	request.AddBlock(t.name, partition, at, size, -1)
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
