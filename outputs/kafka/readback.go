package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/IBM/sarama"

	"tailrace/outputs/kafka/found"
)

const (
	// fetchMax is how many bytes of batches are asked for at a time. Their
	// records take some ten times as much while they are looked at.
	fetchMax = 1 << 20
	// fetchWait is how long a broker waits for data to come, milliseconds.
	fetchWait = 500
	// progressEvery is how often people are told how far it is.
	progressEvery = 15 * time.Second
	// readLimit is how long a partition is read when nothing tells where our
	// records may begin.
	readLimit = 10 * time.Minute
	// searchLimit is how long a partition is searched for any record of ours
	// when the journal does not know it. On a topic that many hosts share, each
	// new host searches, so that it is short.
	searchLimit = 30 * time.Second
	// fetchVersion is of the Fetch that is spoken: the last before it names
	// topics by id.
	fetchVersion = 11
	// debugReplica is the id of a client that is told of the end of the
	// leader's log, in ListOffsets; others are told of the high watermark.
	debugReplica = -2
)

// readBack is one reading of a partition: what is in it from a place on to the
// end of the leader's log.
type readBack struct {
	*cluster
	topic     string
	partition int32
	from      int64 // offset; -1: since
	since     int64 // Unix milliseconds, 0: from the beginning
	into      *found.Set
	anonymous bool // our records need not name a host
	any       bool // end at the first line that is ours

	leader   *sarama.Broker
	info     topicInfo
	begin    int64 // where it begins
	bounded  bool  // begin and end are known
	at, end  int64
	partly   bool // the beginning is deleted, or it took too long
	begun    time.Time
	reported time.Time
}

// run reads. It waits until all that the leader has is committed: what is not
// yet may still be lost, or come to be there.
func (r *readBack) run(ctx context.Context) error {
	var err error
	if r.leader, r.info, err = r.openLeader(r.topic, r.partition); err != nil {
		return err
	}
	defer r.leader.Close()
	if err := r.bounds(); err != nil {
		return err
	}
	r.begun, r.reported = time.Now(), time.Now()
	for r.at < r.end && ctx.Err() == nil {
		if r.any && r.into.Lines() {
			return nil
		}
		if r.tooLong() {
			r.partly = true
			break
		}
		if err := r.next(); err != nil {
			return err
		}
		r.progress()
	}
	r.into.Close()
	return ctx.Err()
}

// tooLong says, in the log too, that no more is read than was.
func (r *readBack) tooLong() bool {
	took := time.Since(r.begun)
	where := []any{"topic", r.topic, "partition", r.partition, "offset", r.at, "end", r.end}
	switch {
	case r.any && took > searchLimit:
		r.log.Info("no line of this host was found in the topic so far: this is taken for its first start. If the state directory was lost, lines behind this offset may be repeated", where...)
	case r.from < 0 && took > readLimit:
		r.log.Warn("reading the topic back takes too long: lines behind this offset may be repeated", where...)
	default:
		return false
	}
	return true
}

// bounds finds out where to begin and where to end.
func (r *readBack) bounds() error {
	first, err := r.offset(sarama.OffsetOldest, -1)
	if err != nil {
		return err
	}
	if r.end, err = r.offset(sarama.OffsetNewest, debugReplica); err != nil {
		return err
	}
	r.at = r.from
	if r.from < 0 && r.since > 0 {
		if r.at, err = r.offset(r.since, -1); err != nil {
			return err
		}
		if r.at < 0 {
			r.at = r.end // nothing is as young
		}
	}
	if r.from > r.end {
		r.at = first // it is another log
	}
	r.partly = r.from >= 0 && r.from+1 < first
	r.at = max(r.at, first)
	r.begin, r.bounded = r.at, true
	return nil
}

// offset asks for the offset at a time, or one of sarama's special ones.
func (r *readBack) offset(at int64, replica int32) (int64, error) {
	request := sarama.NewOffsetRequest(r.config.Version)
	request.Version = min(request.Version, 5)
	request.SetReplicaID(replica)
	request.AddBlock(r.topic, r.partition, at, 1)
	answer, err := r.leader.GetAvailableOffsets(request)
	if err != nil {
		return 0, fmt.Errorf("offsets of topic %q: %w", r.topic, err)
	}
	b := answer.GetBlock(r.topic, r.partition)
	if b == nil {
		return 0, errors.New("offsets: the answer is of another partition")
	}
	if b.Err != sarama.ErrNoError {
		return 0, b.Err
	}
	return b.Offset, nil
}

// next reads some batches.
func (r *readBack) next() error {
	request := &sarama.FetchRequest{
		Version: fetchVersion, MinBytes: 1, MaxBytes: fetchMax, MaxWaitTime: fetchWait,
		SessionEpoch: -1, // no session
	}
	request.AddBlock(r.topic, r.partition, r.at, fetchMax, -1)
	answer, err := r.leader.Fetch(request)
	if err != nil {
		return fmt.Errorf("read topic %q at %d: %w", r.topic, r.at, err)
	}
	if answer.ErrorCode != 0 {
		return sarama.KError(answer.ErrorCode)
	}
	b := answer.GetBlock(r.topic, r.partition)
	if b == nil {
		return errors.New("read: the answer is of another partition")
	}
	if b.Err != sarama.ErrNoError {
		return b.Err
	}
	for _, set := range b.RecordsSet {
		if set.RecordBatch != nil {
			r.batch(set.RecordBatch)
		}
	}
	return nil
}

// batch notes what is in a batch.
func (r *readBack) batch(b *sarama.RecordBatch) {
	if b.PartialTrailingRecord || b.LastOffset() < r.at {
		return
	}
	r.at = b.LastOffset() + 1
	if b.Control || len(b.Records) == 0 {
		return
	}
	// All records of a batch are of one host.
	host, named := hostOf(b.Records[0])
	own := r.into.Own(host)
	if !own && (named || !r.anonymous) {
		return
	}
	r.into.Batch(found.Stream{PID: b.ProducerID, Epoch: b.ProducerEpoch}, b.FirstSequence, int32(len(b.Records)))
	if !own {
		return // whose paths these are nobody knows
	}
	millis := b.MaxTimestamp.UnixMilli()
	for _, record := range b.Records {
		if path, offset, ok := origin(record.Headers); ok {
			r.into.Record(path, offset, record.Value, millis, shortened(record.Headers))
		}
	}
}

// hostOf is the host that a record names: in a header, else its key may do so.
func hostOf(r *sarama.Record) (host []byte, named bool) {
	for _, h := range r.Headers {
		if string(h.Key) == "host" {
			return h.Value, true
		}
	}
	return r.Key, false
}

// origin is the path and the offset that a record of ours names.
func origin(headers []*sarama.RecordHeader) (path string, offset int64, ok bool) {
	if len(headers) < 2 || string(headers[0].Key) != "path" || string(headers[1].Key) != "offset" {
		return "", 0, false
	}
	offset, err := strconv.ParseInt(string(headers[1].Value), 10, 64)
	return string(headers[0].Value), offset, err == nil
}

// shortened says that the value is not all that was in the file.
func shortened(headers []*sarama.RecordHeader) bool {
	return slices.ContainsFunc(headers, func(h *sarama.RecordHeader) bool { return string(h.Key) == "truncated" })
}

func (r *readBack) progress() {
	if time.Since(r.reported) < progressEvery {
		return
	}
	r.reported = time.Now()
	r.log.Info("reads the topic back, to send nothing twice; new lines wait", slog.String("topic", r.topic),
		slog.Int64("offset", r.at), slog.Int64("end", r.end), slog.Int("own_batches", r.into.Ours))
}
