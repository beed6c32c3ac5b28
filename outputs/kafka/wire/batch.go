// Package wire turns chunks of lines into Kafka's bytes: record batches, and
// the few requests that a lane speaks itself. It opens no connection.
package wire

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
)

// Where the fields of a record batch (magic 2) are in its bytes.
const (
	atLength     = 8
	atEpoch      = 12 // partition leader epoch
	atMagic      = 16
	atCRC        = 17
	atAttributes = 21 // the CRC covers everything from here on
	atLastDelta  = 23
	atBaseTime   = 27
	atMaxTime    = 35
	atPID        = 43
	atPIDEpoch   = 51
	atFirst      = 53
	atCount      = 57
	headerLen    = 61
)

const (
	magic     = 2
	codecMask = 7 // of the attributes
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)

	errBatch = errors.New("not a whole record batch of version 2")
)

// Batch is one record batch as it goes on the wire. Its base offset is 0: the
// broker puts in the real one.
type Batch struct {
	Bytes []byte
	Count int32 // records
}

// PID is the producer id.
func (b Batch) PID() int64 { return int64(binary.BigEndian.Uint64(b.Bytes[atPID:])) }

// Epoch is the producer id's epoch.
func (b Batch) Epoch() int16 { return int16(binary.BigEndian.Uint16(b.Bytes[atPIDEpoch:])) }

// First is the sequence number of the first record.
func (b Batch) First() int32 { return int32(binary.BigEndian.Uint32(b.Bytes[atFirst:])) }

// Codec is what the records are really compressed with: None too when the
// codec that was asked for did not make them smaller.
func (b Batch) Codec() Codec {
	return Codec(binary.BigEndian.Uint16(b.Bytes[atAttributes:]) & codecMask)
}

// Millis is the newest timestamp of the records, Unix milliseconds.
func (b Batch) Millis() int64 { return int64(binary.BigEndian.Uint64(b.Bytes[atMaxTime:])) }

// Renumber gives the batch another producer id, epoch and first sequence
// number, in place.
func (b Batch) Renumber(pid int64, epoch int16, first int32) {
	binary.BigEndian.PutUint64(b.Bytes[atPID:], uint64(pid))
	binary.BigEndian.PutUint16(b.Bytes[atPIDEpoch:], uint16(epoch))
	binary.BigEndian.PutUint32(b.Bytes[atFirst:], uint32(first))
	b.seal()
}

// seal writes the CRC.
func (b Batch) seal() {
	binary.BigEndian.PutUint32(b.Bytes[atCRC:], crc32.Checksum(b.Bytes[atAttributes:], castagnoli))
}

// numbers is what the header of a batch says beside its records.
type numbers struct {
	codec  Codec
	count  int32
	base   int64 // timestamp of the first record
	newest int64 // of all
	pid    int64
	epoch  int16
	first  int32
}

// putHeader fills the first headerLen bytes of p, which is a whole batch.
func putHeader(p []byte, n numbers) {
	be := binary.BigEndian
	be.PutUint64(p, 0)
	be.PutUint32(p[atLength:], uint32(len(p)-atEpoch))
	be.PutUint32(p[atEpoch:], math.MaxUint32) // -1: unknown
	p[atMagic] = magic
	be.PutUint16(p[atAttributes:], uint16(n.codec)) // CreateTime, no transaction
	be.PutUint32(p[atLastDelta:], uint32(n.count-1))
	be.PutUint64(p[atBaseTime:], uint64(n.base))
	be.PutUint64(p[atMaxTime:], uint64(n.newest))
	be.PutUint64(p[atPID:], uint64(n.pid))
	be.PutUint16(p[atPIDEpoch:], uint16(n.epoch))
	be.PutUint32(p[atFirst:], uint32(n.first))
	be.PutUint32(p[atCount:], uint32(n.count))
	be.PutUint32(p[atCRC:], crc32.Checksum(p[atAttributes:], castagnoli))
}

// Next is the sequence number n records after first: 2^31-1 is followed by 0.
func Next(first, n int32) int32 { return int32((uint32(first) + uint32(n)) & math.MaxInt32) }
