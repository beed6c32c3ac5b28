package record

import (
	"fmt"
	"strings"
	"testing"

	"tailrace/agent/flow"
)

// What cutting costs, of 256 KiB at a time.
func BenchmarkCut(b *testing.B) {
	line := "2026-11-23 00:00:00 INFO " + strings.Repeat("0123456789 abcde", 10)
	pod := at + " stdout F " + line
	docker := `{"log":"` + line + `\n","stream":"stdout","time":"` + at + `"}`
	for _, c := range []struct {
		name string
		o    Options
		line string
	}{
		{"max_line", Options{MaxLine: 1000}, line},
		{"exclude", Options{Exclude: []string{"DEBUG"}}, line},
		{"exclude all", Options{Exclude: []string{"INFO"}}, line},
		{"multiline", Options{Multiline: Multiline{Start: `^\d{4}-\d\d-\d\d`}}, line + "\n\tat a\n\tat b"},
		{"json", Options{Format: JSON, Host: "web-1"}, line},
		{"gbk", Options{Encoding: "gbk"}, line},
		{"cri", Options{Container: CRI}, pod},
		{"docker", Options{Container: Docker}, docker},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := mustRead(b, c.o)
			data := []byte(strings.Repeat(c.line+"\n", 256<<10/len(c.line)))
			var k Cutter
			var chunk flow.Chunk
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				chunk.Data, chunk.Path, chunk.Reading = data, "/var/log/a.log", 1
				if used, _ := k.Cut(r, &chunk, More); used < len(data)/2 {
					b.Fatal(fmt.Sprint(used))
				}
			}
		})
	}
}
