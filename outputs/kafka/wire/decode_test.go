package wire

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tailrace/agent/flow"
)

var codecs = []Codec{None, Gzip, Snappy, LZ4, Zstd}

// decode reads the batch with a decoder that is not ours, which checks the
// CRC too.
func decode(t testing.TB, b Batch) []*kgo.Record {
	t.Helper()
	fetched := kmsg.NewFetchResponseTopicPartition()
	fetched.RecordBatches = b.Bytes
	fetched.HighWatermark, fetched.LastStableOffset = math.MaxInt32, math.MaxInt32
	got, _ := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{Topic: "t"},
		&fetched, kgo.DefaultDecompressor(), nil)
	if got.Err != nil {
		t.Fatalf("kgo: %v", got.Err)
	}
	if len(got.Records) != int(b.Count) {
		t.Fatalf("kgo reads %d records, want %d", len(got.Records), b.Count)
	}
	return got.Records
}

// record is what a test compares of a record.
type record struct {
	key, value, headers string
	delta               int64
	millis              int64
}

func records(t testing.TB, b Batch) []record {
	t.Helper()
	var all []record
	for _, r := range decode(t, b) {
		if r.Attrs.TimestampType() != 0 {
			t.Errorf("timestamp type %d, want CreateTime", r.Attrs.TimestampType())
		}
		var headers []string
		for _, h := range r.Headers {
			headers = append(headers, h.Key+"="+string(h.Value))
		}
		all = append(all, record{
			key: string(r.Key), value: string(r.Value), headers: strings.Join(headers, " "),
			delta: r.Offset, millis: r.Timestamp.UnixMilli(),
		})
	}
	return all
}

// want is what the lines of c from line `from` must be as records.
func want(c *flow.Chunk, from, to int, key string, millis int64) []record {
	var all []record
	offset := c.Start
	lines := bytes.SplitAfter(c.Data, []byte{'\n'})
	for i, line := range lines[:to] {
		if i >= from {
			all = append(all, record{
				key: key, value: strings.TrimSuffix(string(line), "\n"),
				headers: "path=" + c.Path + " offset=" + strconv.FormatInt(offset, 10),
				delta:   int64(i - from), millis: millis,
			})
		}
		offset += int64(len(line))
	}
	return all
}

func equal(t *testing.T, got, want []record) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("record %d is\n%.300q, want\n%.300q", i, fmt.Sprint(got[i]), fmt.Sprint(want[i]))
		}
	}
}

// Every codec, every odd line: what goes in comes out of another's decoder.
func TestRoundTrip(t *testing.T) {
	f := func(name string, data string) {
		t.Helper()
		for _, codec := range codecs {
			t.Run(fmt.Sprintf("%s/%v", name, codec), func(t *testing.T) {
				c := &flow.Chunk{Path: "/var/log/ü.log", Start: 99_999_990, Data: []byte(data)}
				c.Split()
				e := NewEncoder()
				e.Begin([]byte("host-1"), codec, 16<<20, 1700000000123)
				if to := e.Add(c, 0); to != c.Lines() || int(e.Count()) != to {
					t.Fatalf("took %d lines and counts %d, want %d", to, e.Count(), c.Lines())
				}
				b := e.Finish(4711, 3, 42)
				equal(t, records(t, b), want(c, 0, c.Lines(), "host-1", 1700000000123))
				if b.Codec() != codec && b.Codec() != None {
					t.Errorf("codec %v, want %v", b.Codec(), codec)
				}
			})
		}
	}
	f("one line", "a\n")
	f("empty lines", "\n\n\nx\n\n")
	f("without a newline at the end", "a\nb")
	f("carriage returns stay", "a\r\n\r\nb\r")
	f("NUL", "a\x00b\n\x00\x00\x00\n")
	f("invalid UTF-8", "\xff\xfe\xc3\n\x80\n")
	f("1 MB", strings.Repeat("0123456789abcdef", 1<<16)+"\n"+"after\n")
	f("1 MB that does not compress", noise(1<<20)+"\n")
	f("thousands of lines", string(logLines(200, 3<<20)))
	f("many short lines", strings.Repeat("x\n", 40000))
	// Sizes around the places where varints get longer.
	var b strings.Builder
	for _, n := range []int{0, 1, 20, 30, 40, 62, 63, 64, 65, 127, 128, 8190, 8191, 8192, 8193} {
		b.WriteString(strings.Repeat("v", n) + "\n")
	}
	f("lengths", b.String())
}

// noise is n bytes that no codec makes smaller, without a newline.
func noise(n int) string {
	b := make([]byte, n)
	x := uint64(1)
	for i := range b {
		x = x*6364136223846793005 + 1442695040888963407
		if b[i] = byte(x >> 56); b[i] == '\n' {
			b[i] = 'n'
		}
	}
	return string(b)
}

// The fields of the batch, as another decoder sees them.
func TestBatchFields(t *testing.T) {
	for _, codec := range codecs {
		c := chunkOf(logLines(100, 5000))
		e := NewEncoder()
		e.Begin([]byte("k"), codec, 1<<20, 1234567890123)
		e.Add(c, 0)
		b := e.Finish(1<<40+5, 7, math.MaxInt32-3)

		var got kmsg.RecordBatch
		if err := got.ReadFrom(b.Bytes); err != nil {
			t.Fatalf("%v: %v", codec, err)
		}
		records := got.Records
		got.Records = nil
		want := kmsg.RecordBatch{
			Length: int32(len(b.Bytes) - 12), PartitionLeaderEpoch: -1, Magic: 2,
			CRC:        int32(crc32.Checksum(b.Bytes[21:], crc32.MakeTable(crc32.Castagnoli))),
			Attributes: int16(codec), LastOffsetDelta: b.Count - 1,
			FirstTimestamp: 1234567890123, MaxTimestamp: 1234567890123,
			ProducerID: 1<<40 + 5, ProducerEpoch: 7, FirstSequence: math.MaxInt32 - 3,
			NumRecords: int32(c.Lines()),
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || len(records) != len(b.Bytes)-61 {
			t.Errorf("%v:\n%v, want\n%v", codec, got, want)
		}
		if b.PID() != want.ProducerID || b.Epoch() != 7 || b.First() != math.MaxInt32-3 ||
			b.Millis() != want.MaxTimestamp || b.Codec() != codec {
			t.Errorf("%v: the getters say something else", codec)
		}
	}
}

// A piece of a long line has a third header, and keeps what looks like a
// newline only in its last piece's end.
func TestPieces(t *testing.T) {
	f := func(part int, final bool, data, value, header string) {
		t.Helper()
		c := &flow.Chunk{Path: "/p", Start: 1000, Part: part, Final: final, Data: []byte(data)}
		c.Split()
		e := NewEncoder()
		e.Begin([]byte("k"), None, 1<<20, 5)
		if e.Add(c, 0) != 1 {
			t.Fatal("not taken")
		}
		equal(t, records(t, e.Finish(1, 0, 0)), []record{{
			key: "k", value: value, headers: "path=/p offset=1000 part=" + header, millis: 5,
		}})
	}
	f(1, false, "first", "first", "1")
	f(12, false, "twelfth", "twelfth", "12")
	f(13, true, "last\n", "last", "13/13")
	f(2, true, "last of a finished file", "last of a finished file", "2/2")
}

// Lines of several chunks share a batch, each with its own path; a piece in
// the middle does not leave its header behind.
func TestSeveralChunks(t *testing.T) {
	e := NewEncoder()
	e.Begin([]byte("k"), LZ4, 1<<20, 5)
	whole := func(path, data string) *flow.Chunk {
		c := &flow.Chunk{Path: path, Data: []byte(data)}
		c.Split()
		return c
	}
	e.Add(whole("/a", "1\n2\n3\n"), 1)
	piece := &flow.Chunk{Path: "/b", Part: 1, Data: []byte("4")}
	piece.Split()
	e.Add(piece, 0)
	e.Add(whole("/c", "5\n"), 0)
	equal(t, records(t, e.Finish(1, 0, 0)), []record{
		{key: "k", value: "2", headers: "path=/a offset=2", delta: 0, millis: 5},
		{key: "k", value: "3", headers: "path=/a offset=4", delta: 1, millis: 5},
		{key: "k", value: "4", headers: "path=/b offset=0 part=1", delta: 2, millis: 5},
		{key: "k", value: "5", headers: "path=/c offset=0", delta: 3, millis: 5},
	})
}

// The same lines make the same bytes, whatever the encoder did before.
func TestSameAgain(t *testing.T) {
	for _, codec := range codecs {
		c := chunkOf(logLines(150, 100<<10))
		used := NewEncoder()
		used.Begin([]byte("other"), codec, 1<<20, 1)
		used.Add(chunkOf([]byte(noise(300<<10)+"\n")), 0)
		used.Finish(9, 9, 9)

		var got [2][]byte
		for i, e := range []*Encoder{NewEncoder(), used} {
			e.Begin([]byte("k"), codec, 1<<20, 2)
			e.Add(c, 0)
			got[i] = e.Finish(1, 0, 0).Bytes
		}
		if !slices.Equal(got[0], got[1]) {
			t.Errorf("%v: a used encoder makes other bytes", codec)
		}
	}
}
