package main

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/IBM/sarama"

	"tailrace/outputs/kafka/wire"
)

// produceVersion is the version of Produce that sarama is asked to speak.
const produceVersion = 7

// brokerProduce makes batches of our own cut, and gives them to sarama's
// Broker.AsyncProduce, which encodes and sends them. Records and headers are
// used again for the next batch: sarama has encoded them when it returns.
func brokerProduce(j job) error {
	codec, err := j.saramaCodec()
	if err != nil {
		return err
	}
	cfg := saramaConfig()
	cfg.Net.MaxOpenRequests = inFlight
	client, err := sarama.NewClient(j.Brokers, cfg)
	if err != nil {
		return err
	}
	defer client.Close()
	broker, err := client.Leader(j.Topic, 0)
	if err != nil {
		return err
	}
	id, err := producerID(broker)
	if err != nil {
		return err
	}
	b := &saramaBatches{
		job: j, broker: broker, slots: make(chan struct{}, inFlight), failed: make(chan error, 1),
		batch: sarama.RecordBatch{
			Version: 2, Codec: codec, CompressionLevel: sarama.CompressionLevelDefault,
			ProducerID: id.ProducerID, ProducerEpoch: id.ProducerEpoch,
		},
	}
	if err := eachChunk(j.Files, func() int { return batchBytes * 2 / 3 }, b.add); err != nil {
		return err
	}
	return b.drain()
}

// saramaBatches sends one batch for each chunk. One goroutine uses it, but
// for the answers.
type saramaBatches struct {
	job     job
	broker  *sarama.Broker
	batch   sarama.RecordBatch
	records []*sarama.Record
	digits  []byte        // of the offsets of a batch
	slots   chan struct{} // one for each batch under way
	failed  chan error    // the first trouble
}

func (b *saramaBatches) add(path string, offset int64, data []byte) error {
	header := sarama.RecordHeader{Key: []byte("path"), Value: []byte(path)}
	b.digits = b.digits[:0]
	n := 0
	for len(data) > 0 {
		end := bytes.IndexByte(data, '\n')
		if n == len(b.records) {
			own := &sarama.RecordHeader{Key: []byte("offset")}
			b.records = append(b.records, &sarama.Record{Key: []byte(hostKey), Headers: []*sarama.RecordHeader{nil, own}})
		}
		r := b.records[n]
		from := len(b.digits)
		b.digits = strconv.AppendInt(b.digits, offset, 10)
		r.Headers[0], r.Headers[1].Value = &header, b.digits[from:]
		r.OffsetDelta, r.Value = int64(n), data[:end]
		data = data[end+1:]
		offset += int64(end + 1)
		n++
	}
	return b.send(n)
}

// send sends the first n records as one batch.
func (b *saramaBatches) send(n int) error {
	b.slots <- struct{}{}
	select {
	case err := <-b.failed:
		return err
	default:
	}
	b.batch.Records = b.records[:n]
	b.batch.LastOffsetDelta = int32(n - 1)
	b.batch.FirstTimestamp = time.UnixMilli(millis())
	b.batch.MaxTimestamp = b.batch.FirstTimestamp
	batch := b.batch // sarama keeps what it compressed in it
	first := b.batch.FirstSequence
	b.batch.FirstSequence = wire.Next(first, int32(n))
	request := &sarama.ProduceRequest{RequiredAcks: sarama.WaitForAll, Timeout: 30_000, Version: produceVersion}
	request.AddBatch(b.job.Topic, 0, &batch)
	if err := b.broker.AsyncProduce(request, b.answered); err != nil {
		return err
	}
	if first == 0 {
		return b.drain() // the first batch of a producer id goes alone
	}
	return nil
}

// answered is called by sarama for each answer.
func (b *saramaBatches) answered(r *sarama.ProduceResponse, err error) {
	if err == nil {
		if block := r.GetBlock(b.job.Topic, 0); block == nil {
			err = fmt.Errorf("no answer for the topic")
		} else if block.Err != sarama.ErrNoError {
			err = block.Err
		}
	}
	if err != nil {
		select {
		case b.failed <- err:
		default:
		}
	}
	<-b.slots
}

// drain waits until every batch is acked.
func (b *saramaBatches) drain() error {
	for range inFlight {
		b.slots <- struct{}{}
	}
	for range inFlight {
		<-b.slots
	}
	select {
	case err := <-b.failed:
		return err
	default:
		return nil
	}
}
