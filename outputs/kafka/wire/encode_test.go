package wire

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"tailrace/agent/flow"
)

// logLines makes log-like lines, all of n bytes with the newline.
func logLines(n, total int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"GET", "POST", "/api/v1/items/", "/health", "user", "session",
		"timeout", "upstream", "accepted", "connection", "closed", "by", "peer", "retry"}
	var b, line bytes.Buffer
	for i := 0; b.Len() < total; i++ {
		line.Reset()
		fmt.Fprintf(&line, "2026-11-23T00:%02d:%02d.%06dZ ", i/60000%60, i/1000%60, i*997%1000000)
		for line.Len() < n {
			if r.IntN(3) == 0 {
				fmt.Fprintf(&line, "%x ", r.Uint32())
			} else {
				line.WriteString(words[r.IntN(len(words))] + " ")
			}
		}
		b.Write(line.Bytes()[:n-1])
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func chunkOf(data []byte) *flow.Chunk {
	c := &flow.Chunk{Path: "/var/log/nginx/access.log", Start: 123456789, Data: data}
	c.Split()
	return c
}

func BenchmarkEncode(b *testing.B) {
	for _, codec := range []Codec{None, Gzip, Snappy, LZ4, Zstd} {
		for _, n := range []int{31, 200, 511, 1023} {
			b.Run(fmt.Sprintf("%v/%d", codec, n), func(b *testing.B) {
				c := chunkOf(logLines(n, 10<<20))
				e := NewEncoder()
				b.SetBytes(int64(len(c.Data)))
				b.ReportAllocs()
				out := 0
				for b.Loop() {
					out = 0
					for at := 0; at < c.Lines(); {
						e.Begin([]byte("web-17.example.com"), codec, 1000000, 1)
						at = e.Add(c, at)
						out += len(e.Finish(1, 0, 0).Bytes)
					}
				}
				b.ReportMetric(float64(len(c.Data))/float64(out), "ratio")
			})
		}
	}
}
