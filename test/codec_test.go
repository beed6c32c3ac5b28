package test

import (
	"fmt"
	"strings"
	"testing"
)

// What is sent in any codec is read back by another client, and once by
// Kafka's own consumer, headers and all.
func TestCodecs(t *testing.T) {
	b := sharedBroker(t)
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		t.Run(codec, func(t *testing.T) {
			st := newStage(t, b, 2, seed(t), config{codec: codec})
			st.put(20_000)
			st.agent.start()
			st.put(10)
			st.exact()
		})
		t.Run(codec+".java", func(t *testing.T) {
			st := newStage(t, b, 1, seed(t), config{codec: codec})
			st.put(1000)
			st.agent.start()
			st.exact()
			out, err := b.Java(t.Context(), "org.apache.kafka.tools.consumer.ConsoleConsumer",
				"--bootstrap-server", b.Addr, "--topic", st.topic, "--from-beginning",
				"--max-messages", "1000", "--timeout-ms", "30000",
				"--formatter-property", "print.headers=true", "--formatter-property", "print.key=true")
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
			chain, offset := st.logs[0].Chain, 0
			for n := range 1000 {
				want := fmt.Sprintf("path:%s,offset:%d\t%s\t%s", st.logs[0].Path, offset, host, chain.Line(n))
				if n >= len(got) || got[n] != want {
					t.Fatalf("line %d: got %q, want %q", n, got[min(n, len(got)-1)], want)
				}
				offset += len(chain.Line(n)) + 1
			}
		})
	}
}
