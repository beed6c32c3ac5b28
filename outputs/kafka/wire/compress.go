package wire

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// zstdWindow bounds zstd's memory. Log lines repeat what is near.
const zstdWindow = 256 << 10

// packer compresses. It keeps the tables of the codecs that it was used for,
// so that compressing allocates nothing.
type packer struct {
	lz4  lz4.Compressor
	zstd *zstd.Encoder
	gzip *gzip.Writer
}

// pack appends src, compressed, to dst. The codec must not be None.
func (p *packer) pack(dst, src []byte, codec Codec) []byte {
	switch codec {
	case Gzip:
		return p.packGzip(dst, src)
	case Snappy:
		return packSnappy(dst, src)
	case LZ4:
		return p.packLZ4(dst, src)
	default:
		return p.packZstd(dst, src)
	}
}

func (p *packer) packGzip(dst, src []byte) []byte {
	w := bytes.NewBuffer(dst)
	if p.gzip == nil {
		// The level is a valid one, which is all that can be wrong.
		p.gzip, _ = gzip.NewWriterLevel(w, gzip.BestSpeed)
	} else {
		p.gzip.Reset(w)
	}
	// A bytes.Buffer takes everything.
	_, _ = p.gzip.Write(src)
	_ = p.gzip.Close()
	return w.Bytes()
}

// packSnappy writes one bare block. The Java client writes a framing of its
// own around blocks, but it and all others read both.
func packSnappy(dst, src []byte) []byte {
	at := len(dst)
	dst = slices.Grow(dst, s2.MaxEncodedLen(len(src)))
	return dst[:at+len(s2.EncodeSnappy(dst[at:cap(dst)], src))]
}

func (p *packer) packZstd(dst, src []byte) []byte {
	if p.zstd == nil {
		// The options are valid ones, which is all that can be wrong.
		p.zstd, _ = zstd.NewWriter(nil,
			zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(zstdWindow),
			zstd.WithLowerEncoderMem(true),
			zstd.WithEncoderCRC(false)) // the batch has one
	}
	return p.zstd.EncodeAll(src, dst)
}

// An LZ4 frame of independent blocks without checksums of its own: the batch
// has one.
const (
	lz4Magic  = 0x184d2204
	lz4Block  = 64 << 10
	lz4Flags  = 1<<6 | 1<<5 // version 1, independent blocks
	lz4Max    = 4 << 4      // blocks are at most lz4Block
	lz4Check  = 0x82        // second byte of xxh32 over the two bytes above
	lz4Stored = 1 << 31     // in a block's size: not compressed
)

func (p *packer) packLZ4(dst, src []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, lz4Magic)
	dst = append(dst, lz4Flags, lz4Max, lz4Check)
	for len(src) > 0 {
		n := min(lz4Block, len(src))
		dst = p.lz4Block(dst, src[:n])
		src = src[n:]
	}
	return append(dst, 0, 0, 0, 0)
}

func (p *packer) lz4Block(dst, src []byte) []byte {
	at := len(dst)
	dst = slices.Grow(dst, 4+len(src))[:at+4+len(src)]
	// Where the result is no shorter there is an error or a length of 0.
	n, err := p.lz4.CompressBlock(src, dst[at+4:len(dst)-1])
	size := uint32(n)
	if err != nil || n == 0 {
		n = copy(dst[at+4:], src)
		size = uint32(n) | lz4Stored
	}
	binary.LittleEndian.PutUint32(dst[at:], size)
	return dst[:at+4+n]
}
