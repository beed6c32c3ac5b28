package wire

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"tailrace/agent/flow"
)

// logLines makes lines like a web server's access log, each of n bytes with
// its newline. LZ4 makes those of 200 bytes about 2.5 times smaller, as
// records.
func logLines(n, total int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	paths := []string{"/api/v1/items/", "/api/v1/users/", "/static/app.js?v=", "/health?probe=", "/login?session="}
	agents := []string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36",
		"curl/8.5.0",
	}
	var b, line bytes.Buffer
	for i := 0; b.Len() < total; i++ {
		line.Reset()
		fmt.Fprintf(&line, "10.%d.%d.%d - - [23/Nov/2026:00:%02d:%02d +0000] ", r.IntN(4), r.IntN(200), r.IntN(250), i/60000%60, i/1000%60)
		for line.Len() < n {
			fmt.Fprintf(&line, "\"GET %s%08x HTTP/1.1\" 200 %d %q id=%016x rt=0.%03d ",
				paths[r.IntN(len(paths))], r.Uint32(), r.IntN(100000), agents[r.IntN(len(agents))], r.Uint64(), r.IntN(1000))
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
