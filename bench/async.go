package main

import (
	"bytes"
	"strconv"
	"time"

	"github.com/IBM/sarama"
)

// asyncProduce gives each line to sarama's AsyncProducer.
func asyncProduce(j job) error {
	p, err := newAsync(j)
	if err != nil {
		return err
	}
	err = eachChunk(j.Files, func() int { return batchBytes }, func(path string, offset int64, data []byte) error {
		lines := bytes.Clone(data) // sarama keeps the values until they are acked
		for len(lines) > 0 {
			end := bytes.IndexByte(lines, '\n')
			if err := p.send(path, offset, lines[:end]); err != nil {
				return err
			}
			lines = lines[end+1:]
			offset += int64(end + 1)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return p.wait(j.Lines)
}

// async is sarama's AsyncProducer, set for throughput and safety. sarama
// allows an idempotent producer one request at a time.
type async struct {
	producer sarama.AsyncProducer
	topic    string
	acked    int64
	path     sarama.RecordHeader
}

func newAsync(j job) (*async, error) {
	codec, err := j.saramaCodec()
	if err != nil {
		return nil, err
	}
	cfg := saramaConfig()
	cfg.Net.MaxOpenRequests = 1
	cfg.Producer.Idempotent = true
	cfg.Producer.RequiredAcks = sarama.WaitForAll
	cfg.Producer.Compression = codec
	cfg.Producer.MaxMessageBytes = batchBytes
	cfg.Producer.Flush.Bytes = batchBytes * 2 / 3
	cfg.Producer.Flush.Frequency = 5 * time.Millisecond
	cfg.Producer.Retry.Max = 10
	cfg.Producer.Return.Successes = true
	cfg.ChannelBufferSize = 4096
	producer, err := sarama.NewAsyncProducer(j.Brokers, cfg)
	if err != nil {
		return nil, err
	}
	return &async{producer: producer, topic: j.Topic, path: sarama.RecordHeader{Key: []byte("path")}}, nil
}

// send sends a line, whose bytes are sarama's from now on.
func (a *async) send(path string, offset int64, line []byte) error {
	if string(a.path.Value) != path {
		a.path.Value = []byte(path)
	}
	m := &sarama.ProducerMessage{
		Topic: a.topic, Key: sarama.StringEncoder(hostKey), Value: sarama.ByteEncoder(line),
		Headers: []sarama.RecordHeader{a.path, {Key: []byte("offset"), Value: strconv.AppendInt(nil, offset, 10)}},
	}
	for {
		select {
		case a.producer.Input() <- m:
			return nil
		case <-a.producer.Successes():
			a.acked++
		case err := <-a.producer.Errors():
			return err
		}
	}
}

// wait waits until n lines in all are acked.
func (a *async) wait(n int64) error {
	for a.acked < n {
		select {
		case <-a.producer.Successes():
			a.acked++
		case err := <-a.producer.Errors():
			return err
		}
	}
	return a.producer.Close()
}
