package agent

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"tailrace/test/port"
)

// row is a metric as docs/metrics.md has it.
func (m *metric) row() string {
	kind := "gauge"
	if m.kind == prometheus.CounterValue {
		kind = "counter"
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s |", m.name, kind, strings.Join(m.labels, ", "), m.help)
}

// The document has every metric, and no other.
func TestMetricsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, m := range metrics {
		want = append(want, m.row())
	}
	for _, line := range strings.Split(string(doc), "\n") {
		if strings.HasPrefix(line, "| `tailrace_") {
			got = append(got, line)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("docs/metrics.md has\n%s\nand should have\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Names, units and texts follow the conventions of Prometheus.
func TestMetricNames(t *testing.T) {
	var text strings.Builder
	for _, m := range metrics {
		kind := "gauge"
		if m.kind == counter {
			kind = "counter"
		}
		fmt.Fprintf(&text, "# HELP %s %s\n# TYPE %[1]s %[3]s\n%[1]s 1\n", m.name, m.help, kind)
	}
	problems, err := promlint.New(strings.NewReader(text.String())).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}

// figures reads the metrics at address: the values by name and labels.
func figures(t *testing.T, address string) map[string]string {
	t.Helper()
	answer, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%v %v: %s", answer.Status, err, b)
	}
	all := map[string]string{}
	for _, line := range strings.Split(string(b), "\n") {
		if name, value, ok := strings.Cut(line, " "); ok && name != "#" {
			all[name] = value
		}
	}
	return all
}

// What is served is what happened, and every metric is served but those of what
// did not happen.
func TestMetrics(t *testing.T) {
	b := newBed(t)
	b.config.Metrics = port.Held(t).Addr
	b.write(0, 100)
	l := b.start()
	defer l.stop()
	b.wants(100)
	size := "790" // 10 lines of 7 bytes, 90 of 8
	want := map[string]string{
		`tailrace_acked_records_total{output="kafka",partition="0",topic="logs"}`: "100",
		`tailrace_acked_bytes_total{output="kafka",partition="0",topic="logs"}`:   size,
		`tailrace_read_bytes_total`:                                             size,
		`tailrace_read_records_total`:                                           "100",
		`tailrace_backlog_bytes{output="kafka",topic="logs"}`:                   "0",
		`tailrace_files_followed{output="kafka",topic="logs"}`:                  "1",
		`tailrace_files_parked{output="kafka",topic="logs"}`:                    "0",
		`tailrace_files_known`:                                                  "1",
		`tailrace_topic_waiting{output="kafka",partition="0",topic="logs"}`:     "0",
		`tailrace_topic_paused{output="kafka",partition="0",topic="logs"}`:      "0",
		`tailrace_in_flight_batches{output="kafka",partition="0",topic="logs"}`: "0",
		`tailrace_journal_failing{step="write"}`:                                "0",
		`tailrace_buffer_bytes{output="kafka"}`:                                 "3.3554432e+07",
	}
	var got map[string]string
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(10 * time.Millisecond) { // the last ack may be under way
		got = figures(t, b.config.Metrics)
		if got[`tailrace_in_flight_batches{output="kafka",partition="0",topic="logs"}`] == "0" || time.Now().After(deadline) {
			break
		}
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
	served := map[string]bool{}
	for name := range got {
		name, _, _ = strings.Cut(name, "{")
		served[name] = true
	}
	for _, m := range metrics {
		if !served[m.name] && m.name != "tailrace_path_lost_bytes_total" && m.name != "tailrace_errors_total" {
			t.Errorf("%s is not served", m.name)
		}
	}
	if !served["process_resident_memory_bytes"] {
		t.Error("nothing of the process")
	}
}
