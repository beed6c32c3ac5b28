package wire

import (
	"encoding/binary"
	"fmt"
)

const apiVersionsKey = 18

// AppendApiVersions appends an ApiVersions request of version 0, which every
// broker answers, beginning with its size in four bytes.
func AppendApiVersions(dst []byte, correlation int32, clientID string) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	dst = appendRequestHeader(dst, apiVersionsKey, 0, correlation, clientID)
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

// ParseApiVersions reads the answer to it: the newest version that the broker
// has of each request, by the request's key. body is everything behind the
// correlation id. The error says when the broker's own code is not 0.
func ParseApiVersions(body []byte) (maxVersionByKey map[int16]int16, err error) {
	r := &reader{p: body}
	if code := r.int16(); code != 0 {
		return nil, fmt.Errorf("the broker does not say which versions it has: error code %d", code)
	}
	n := r.length(false, 6)
	if r.err != nil {
		return nil, r.err
	}
	newest := make(map[int16]int16, max(0, n))
	for ; n > 0; n-- {
		key := r.int16()
		r.int16() // the oldest
		newest[key] = r.int16()
	}
	if r.err != nil {
		return nil, r.err
	}
	return newest, nil
}

// appendRequestHeader appends what opens every request, but for the tagged
// fields of flexible versions.
func appendRequestHeader(dst []byte, key, version int16, correlation int32, clientID string) []byte {
	dst = appendInt16(dst, key)
	dst = appendInt16(dst, version)
	dst = appendInt32(dst, correlation)
	return appendString(dst, clientID)
}

func appendInt16(dst []byte, n int16) []byte { return binary.BigEndian.AppendUint16(dst, uint16(n)) }
func appendInt32(dst []byte, n int32) []byte { return binary.BigEndian.AppendUint32(dst, uint32(n)) }

func appendString(dst []byte, s string) []byte {
	return append(appendInt16(dst, int16(len(s))), s...)
}

// appendLength appends the length of an array or of bytes.
func appendLength(dst []byte, n int, flexible bool) []byte {
	if flexible {
		return binary.AppendUvarint(dst, uint64(n)+1)
	}
	return appendInt32(dst, int32(n))
}
