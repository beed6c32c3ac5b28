package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// unpackMax bounds the records that are unpacked, in bytes: more than any
// batch of several records that a broker's limits let us build.
const unpackMax = 256 << 20

var (
	errUnpackMax = errors.New("more bytes than a batch has")
	errLZ4       = errors.New("not an LZ4 frame of ours")
)

// unpack is the reverse of pack, for what pack wrote.
func unpack(src []byte, codec Codec) ([]byte, error) {
	switch codec {
	case None:
		return src, nil
	case Gzip:
		return unpackGzip(src)
	case Snappy:
		n, err := s2.DecodedLen(src)
		if err != nil {
			return nil, err
		}
		// A copy of at most 64 bytes takes 3 in the source.
		if n > unpackMax || n > 32*len(src) {
			return nil, errUnpackMax
		}
		return s2.Decode(nil, src)
	case LZ4:
		return unpackLZ4(src)
	case Zstd:
		return unpackZstd(src)
	}
	return nil, fmt.Errorf("%v is unknown", codec)
}

func unpackGzip(src []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(src))
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(r, unpackMax+1))
	if err == nil && len(raw) > unpackMax {
		err = errUnpackMax
	}
	return raw, err
}

func unpackZstd(src []byte) ([]byte, error) {
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderMaxMemory(unpackMax))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return r.DecodeAll(src, nil)
}

func unpackLZ4(src []byte) ([]byte, error) {
	le := binary.LittleEndian
	if len(src) < 7 || le.Uint32(src) != lz4Magic || src[4] != lz4Flags || src[5] != lz4Max {
		return nil, errLZ4
	}
	var raw []byte
	for src = src[7:]; len(src) >= 4; {
		size := le.Uint32(src)
		src = src[4:]
		if size == 0 {
			return raw, nil
		}
		n := int(size &^ lz4Stored)
		if n > len(src) || len(raw) > unpackMax {
			return nil, errLZ4
		}
		if size&lz4Stored != 0 {
			raw = append(raw, src[:n]...)
		} else {
			block := make([]byte, lz4Block)
			m, err := lz4.UncompressBlock(src[:n], block)
			if err != nil {
				return nil, err
			}
			raw = append(raw, block[:m]...)
		}
		src = src[n:]
	}
	return nil, errLZ4
}
