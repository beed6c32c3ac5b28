package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/IBM/sarama"

	"tailrace/outputs/kafka/wire"
)

const (
	// jobEnv holds a job, as JSON, in the environment of a process that is to
	// be a contender, and not the benchmark.
	jobEnv = "TAILRACE_BENCH_JOB"
	// hostKey is the key of every record, as the agent's host name.
	hostKey = "bench-host"
	// batchBytes is the topic's max.message.bytes, Kafka's default: how large
	// a batch may be, before it is compressed.
	batchBytes = 1048588
	// inFlight is how many batches may be under way.
	inFlight = 5
)

// A job is what a contender has to do: ship all lines of the files, in order,
// to the topic's one partition, acks=all, and end when all are acked.
type job struct {
	Contender string
	Files     []string
	Brokers   []string
	Topic     string
	Codec     string
	Lines     int64 // of all files together
}

// wireCodec is the codec as our own encoder has it.
func (j job) wireCodec() (wire.Codec, error) { return wire.ParseCodec(j.Codec) }

// saramaCodec is the codec as sarama has it.
func (j job) saramaCodec() (c sarama.CompressionCodec, err error) {
	err = c.UnmarshalText([]byte(j.Codec))
	return c, err
}

// saramaConfig is a configuration for the broker's version, without what costs
// and is not used.
func saramaConfig() *sarama.Config {
	cfg := sarama.NewConfig()
	cfg.ClientID = "tailrace-bench"
	cfg.Version = sarama.V3_6_0_0
	return cfg
}

// A contender is one way to ship lines.
type contender struct {
	name  string
	files int             // how many the lines are in
	run   func(job) error // in a process of its own; nil is the agent's binary
	reads bool            // only: nothing is shipped
}

// contenders is all of them, in the order of the table.
var contenders = []contender{
	{name: "floor", files: 1, run: floor},
	{name: "floor-20", files: 20, run: floor},
	{name: "tailrace", files: 1},
	{name: "tailrace-20", files: 20},
	{name: "sarama-broker", files: 1, run: brokerProduce},
	{name: "sarama-async", files: 1, run: asyncProduce},
	{name: "nxadm-read", files: 1, run: nxadmRead, reads: true},
	{name: "nxadm-sarama", files: 1, run: nxadmProduce},
}

func contenderByName(name string) (contender, error) {
	for _, c := range contenders {
		if c.name == name {
			return c, nil
		}
	}
	return contender{}, fmt.Errorf("there is no contender %q", name)
}

// jobMain does the job in this process.
func jobMain(text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	c, err := contenderByName(j.Contender)
	if err != nil {
		return err
	}
	return c.run(j)
}

// eachChunk reads the files in turn, max() bytes at a time, and gives whole
// lines to use: the file's path, the offset of the first line and the bytes,
// which are good until use returns. A line must not be longer than max().
func eachChunk(files []string, max func() int, use func(path string, offset int64, data []byte) error) error {
	var buf []byte
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		for at := int64(0); ; {
			size := max()
			if cap(buf) < size {
				buf = make([]byte, size)
			}
			n, _ := f.ReadAt(buf[:size], at) // an error comes with fewer bytes, and again
			n = bytes.LastIndexByte(buf[:n], '\n') + 1
			if n == 0 {
				break
			}
			if err := use(path, at, buf[:n]); err != nil {
				f.Close()
				return err
			}
			at += int64(n)
		}
		f.Close()
	}
	return nil
}

// millis is the time for a record.
func millis() int64 { return time.Now().UnixMilli() }
