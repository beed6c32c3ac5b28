package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/IBM/sarama"
)

// An original is a file as it was when the demo began.
type original struct {
	path  string
	size  int64 // bytes up to and with the last newline
	held  int64 // bytes behind it, which wait for theirs
	lines int64
	sum   string // SHA-256 of the size bytes
}

// readOriginal reads the file at path once.
func readOriginal(path string) (original, error) {
	f, err := os.Open(path)
	if err != nil {
		return original{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return original{}, err
	}
	if !info.Mode().IsRegular() {
		return original{}, fmt.Errorf("%s is not a file", path)
	}
	o := original{path: path}
	// What is appended from now on is not waited for.
	in := bufio.NewReaderSize(io.LimitReader(f, info.Size()), 1<<20)
	sum := sha256.New()
	var rest []byte // of a line without its newline yet
	for {
		piece, err := in.ReadSlice('\n')
		rest = append(rest, piece...)
		switch {
		case err == nil:
			sum.Write(rest)
			o.size += int64(len(rest))
			o.lines++
			rest = rest[:0]
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			o.held, o.sum = int64(len(rest)), hex.EncodeToString(sum.Sum(nil))
			return o, nil
		default:
			return original{}, fmt.Errorf("read %s: %w", path, err)
		}
	}
}

// A rebuilt is a file put together again from its records, in the order of the
// topic. Only its checksum is kept. It is for one goroutine.
type rebuilt struct {
	original
	next     int64 // how far it goes
	found    int64 // lines
	missing  int64 // bytes that were skipped
	repeated int64 // records whose bytes were there before
	hash     hash.Hash
}

func newRebuilt(o original) *rebuilt { return &rebuilt{original: o, hash: sha256.New()} }

// record takes the bytes of one record that begin at offset. Those behind the
// original's end were appended later, and do not count.
func (r *rebuilt) record(offset int64, data []byte) {
	switch {
	case offset < r.next:
		r.repeated++
		return
	case offset >= r.size:
		return
	}
	r.missing += offset - r.next
	r.next = offset + int64(len(data))
	r.found += int64(bytes.Count(data, []byte{'\n'}))
	r.hash.Write(data)
}

// lost is the number of bytes that no record holds.
func (r *rebuilt) lost() int64 { return r.missing + max(0, r.size-r.next) }

func (r *rebuilt) checksum() string { return hex.EncodeToString(r.hash.Sum(nil)) }

// exact says that the file was put together again.
func (r *rebuilt) exact() bool {
	return r.lost() == 0 && r.repeated == 0 && r.found == r.lines && r.checksum() == r.sum
}

// origin is where a record says that its bytes come from: the headers path and
// offset. A record of a whole line, or of the last piece of one (header part,
// as in 3/3), stands for a newline too.
func origin(m *sarama.ConsumerMessage) (path string, offset int64, data []byte, err error) {
	data = m.Value
	newline := true
	offset = -1
	for _, h := range m.Headers {
		switch string(h.Key) {
		case "path":
			path = string(h.Value)
		case "offset":
			offset, err = strconv.ParseInt(string(h.Value), 10, 64)
		case "part":
			newline = strings.Contains(string(h.Value), "/")
		}
	}
	if err != nil || offset < 0 || path == "" {
		return "", 0, nil, fmt.Errorf("the record at offset %d of partition %d does not say where it comes from", m.Offset, m.Partition)
	}
	if newline {
		data = append(data[:len(data):len(data)], '\n')
	}
	return path, offset, data, nil
}
