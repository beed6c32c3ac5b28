package agent

import (
	"cmp"
	"net/http"
	"os"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tailrace/agent/journal"
	"tailrace/inputs/tail"
	"tailrace/outputs/kafka"
)

// metric is one that the agent serves. docs/metrics.md has the list.
type metric struct {
	name, help string
	kind       prometheus.ValueType
	labels     []string
}

const (
	counter = prometheus.CounterValue
	gauge   = prometheus.GaugeValue
)

// metrics is all of them, but those of the process.
var metrics = []metric{
	{"tailrace_build_info", "Always 1; the label tells the version.", gauge, []string{"version"}},

	{"tailrace_files_known", "Files whose identity is known, those that are done or gone too.", gauge, nil},
	{"tailrace_files_open", "Files that are held open.", gauge, nil},
	{"tailrace_files_followed", "Files that are followed, or rotated and not yet let go.", gauge, []string{"output", "topic"}},
	{"tailrace_files_parked", "Files that cannot be read at present; tailrace status names them.", gauge, []string{"output", "topic"}},
	{"tailrace_directories_unlisted", "Directories that cannot be listed at present; tailrace status names them.", gauge, nil},
	{"tailrace_backlog_bytes", "Bytes that are in followed files and not acknowledged.", gauge, []string{"output", "topic"}},
	{"tailrace_read_bytes_total", "Bytes of files that were read into batches. What did not fit is read, and counted, again.", counter, nil},
	{"tailrace_read_records_total", "Records that were read into batches. What did not fit is read, and counted, again.", counter, nil},
	{"tailrace_excluded_records_total", "Records that include_lines and exclude_lines left out.", counter, nil},
	{"tailrace_excluded_bytes_total", "Bytes of files that these are.", counter, nil},
	{"tailrace_long_records_total", "Records that were longer than max_line.", counter, nil},
	{"tailrace_malformed_lines_total", "Lines that are not as their container runtime writes them; they are shipped as they are.", counter, nil},
	{"tailrace_invalid_characters_total", "Characters that are not in the encoding of their file; they are shipped as U+FFFD.", counter, nil},
	{"tailrace_nul_bytes_total", "Bytes of holes at the start of files that were skipped.", counter, nil},
	{"tailrace_cut_back_bytes_total", "Bytes that may be shipped twice, since files lost their end and got it again, as after a power cut.", counter, nil},
	{"tailrace_late_files_total", "Rotated files that were written to after their successor was begun: order is broken, nothing is lost.", counter, nil},
	{"tailrace_scans_total", "Full scans of the directories.", counter, nil},
	{"tailrace_scan_seconds_total", "Time that full scans took.", counter, nil},
	{"tailrace_lost_bytes_total", "Bytes that will never be shipped, since they are gone.", counter, []string{"cause"}},
	{"tailrace_lost_lines_total", "The same in lines, as far as they could be counted.", counter, []string{"cause"}},
	{"tailrace_lost_unknown_files_total", "Files that may have lost bytes, too, of which it is not known how many, if any.", counter, []string{"cause"}},
	{"tailrace_path_lost_bytes_total", "Bytes that were lost of the files of a path; of paths beyond the first thousand under an empty one.", counter, []string{"path", "cause"}},

	{"tailrace_acked_records_total", "Records that Kafka acknowledged.", counter, []string{"output", "topic", "partition"}},
	{"tailrace_acked_bytes_total", "Bytes of files that these records are.", counter, []string{"output", "topic", "partition"}},
	{"tailrace_sent_bytes_total", "Bytes of the acknowledged batches as they were sent, compressed.", counter, []string{"output", "topic", "partition"}},
	{"tailrace_in_flight_batches", "Batches that wait for their answer.", gauge, []string{"output", "topic", "partition"}},
	{"tailrace_in_flight_records", "Records in these batches.", gauge, []string{"output", "topic", "partition"}},
	{"tailrace_in_flight_bytes", "Bytes of these batches as they are sent.", gauge, []string{"output", "topic", "partition"}},
	{"tailrace_retries_total", "Batches that were sent again. Kafka takes each once.", counter, []string{"output", "topic", "partition"}},
	{"tailrace_errors_total", "Batches that were refused, by Kafka's error code, and connections that were lost or could not be made (code \"connection\").", counter, []string{"output", "topic", "partition", "code"}},
	{"tailrace_topic_waiting", "1 while a topic waits because of an error; tailrace status names it.", gauge, []string{"output", "topic", "partition"}},
	{"tailrace_topic_paused", "1 while a topic waits without any error: it is found out what it has, or the quota of the client is used up; tailrace status says which.", gauge, []string{"output", "topic", "partition"}},
	{"tailrace_possible_repeats_total", "Records that may be in the topic twice.", counter, []string{"output", "topic", "partition"}},
	{"tailrace_given_up_records_total", "Records that were read and not acknowledged, and whose bytes are gone.", counter, []string{"output", "topic", "partition"}},
	{"tailrace_shortened_records_total", "Lines that were shortened, since the brokers do not take them whole; they are in the dead-letter file.", counter, []string{"output", "topic", "partition"}},
	{"tailrace_dead_letter_bytes", "Size of the dead-letter file; what is in it stays until somebody removes it.", gauge, nil},
	{"tailrace_buffer_bytes", "Memory for batches in flight: the option buffer, in equal shares where there are several outputs.", gauge, []string{"output"}},
	{"tailrace_buffer_used_bytes", "How much of it is in use.", gauge, []string{"output"}},

	{"tailrace_journal_bytes", "Size of the journal's present file.", gauge, nil},
	{"tailrace_journal_generation", "Number of the journal's present file.", gauge, nil},
	{"tailrace_journal_written_bytes_total", "Bytes that were appended to the journal.", counter, nil},
	{"tailrace_journal_waiting_bytes", "Bytes that could not be written to the journal yet.", gauge, nil},
	{"tailrace_journal_syncs_total", "How often the journal was made durable.", counter, nil},
	{"tailrace_journal_sync_seconds_total", "Time that this took.", counter, nil},
	{"tailrace_journal_failing", "1 while that step of the journal fails: write, sync or compact.", gauge, []string{"step"}},
}

// collector gives the figures of an agent when somebody asks.
type collector struct {
	a     *agent
	descs map[string]*prometheus.Desc
	kinds map[string]prometheus.ValueType
}

func newCollector(a *agent) *collector {
	c := &collector{a: a, descs: map[string]*prometheus.Desc{}, kinds: map[string]prometheus.ValueType{}}
	for _, m := range metrics {
		c.descs[m.name] = prometheus.NewDesc(m.name, m.help, m.labels, nil)
		c.kinds[m.name] = m.kind
	}
	return c
}

// metricsHandler serves the metrics of a.
func metricsHandler(a *agent) http.Handler {
	r := prometheus.NewRegistry() // not the global one: libraries register there
	r.MustRegister(newCollector(a), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{MaxRequestsInFlight: 3})
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, m := range metrics {
		out <- c.descs[m.name]
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	give := func(name string, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(c.descs[name], c.kinds[name], value, labels...)
	}
	give("tailrace_build_info", 1, c.a.Version)
	c.input(give)
	c.output(give)
	c.journal(give)
}

// give gives one value of the metric with that name.
type give func(name string, value float64, labels ...string)

func (c *collector) input(give give) {
	s := c.a.input.Stats()
	give("tailrace_files_known", float64(s.Known))
	give("tailrace_files_open", float64(s.Open))
	give("tailrace_directories_unlisted", float64(len(s.Unlisted)))
	give("tailrace_read_bytes_total", float64(s.Read))
	give("tailrace_read_records_total", float64(s.Records))
	give("tailrace_nul_bytes_total", float64(s.Nuls))
	give("tailrace_late_files_total", float64(s.Slips))
	give("tailrace_cut_back_bytes_total", float64(s.Again))
	give("tailrace_excluded_records_total", float64(s.Cut.Excluded))
	give("tailrace_excluded_bytes_total", float64(s.Cut.ExcludedBytes))
	give("tailrace_long_records_total", float64(s.Cut.Long))
	give("tailrace_malformed_lines_total", float64(s.Cut.Malformed))
	give("tailrace_invalid_characters_total", float64(s.Cut.Invalid))
	give("tailrace_scans_total", float64(s.Scans))
	give("tailrace_scan_seconds_total", s.ScanTime.Seconds())
	c.lost(give, s.Losses)
	for _, t := range c.a.input.Topics() {
		output := cmp.Or(t.Output, "kafka")
		give("tailrace_files_followed", float64(t.Files), output, t.Topic)
		give("tailrace_files_parked", float64(t.Parked), output, t.Topic)
		give("tailrace_backlog_bytes", float64(t.Backlog), output, t.Topic)
	}
}

// lost gives what is lost. Each cause has a value from the start on, so that
// the first loss is seen as an increase.
func (c *collector) lost(give give, losses []journal.Loss) {
	sums := map[string]journal.Loss{}
	for _, l := range losses {
		give("tailrace_path_lost_bytes_total", float64(l.Bytes), l.Path, l.Cause)
		sum := sums[l.Cause]
		sum.Bytes += l.Bytes
		sum.Lines += l.Lines
		sum.Unknown += l.Unknown
		sums[l.Cause] = sum
	}
	for _, cause := range tail.Causes() {
		give("tailrace_lost_bytes_total", float64(sums[cause].Bytes), cause)
		give("tailrace_lost_lines_total", float64(sums[cause].Lines), cause)
		give("tailrace_lost_unknown_files_total", float64(sums[cause].Unknown), cause)
	}
}

func (c *collector) output(give give) {
	for _, k := range c.a.kafkas {
		c.kafka(give, k)
	}
	var size int64
	if info, err := os.Stat(deadLetters(c.a.config)); err == nil {
		size = info.Size() // there is none before the first letter
	}
	give("tailrace_dead_letter_bytes", float64(size))
}

func (c *collector) kafka(give give, k *kafka.Output) {
	output := cmp.Or(k.Name, "kafka")
	give("tailrace_buffer_bytes", float64(k.Budget.Limit()), output)
	give("tailrace_buffer_used_bytes", float64(k.Budget.Used()), output)
	for _, s := range k.Stats() {
		partition := strconv.Itoa(int(s.Partition))
		give := func(name string, value int64) { give(name, float64(value), output, s.Topic, partition) }
		give("tailrace_acked_records_total", s.Acked)
		give("tailrace_acked_bytes_total", s.AckedBytes)
		give("tailrace_sent_bytes_total", s.Sent)
		give("tailrace_in_flight_batches", s.Batches)
		give("tailrace_in_flight_records", s.Records)
		give("tailrace_in_flight_bytes", s.Bytes)
		give("tailrace_retries_total", s.Retries)
		give("tailrace_possible_repeats_total", s.Repeats)
		give("tailrace_given_up_records_total", s.GivenUp)
		give("tailrace_shortened_records_total", s.Shortened)
		give("tailrace_topic_waiting", flag(s.Trouble != ""))
		give("tailrace_topic_paused", flag(s.Pause != ""))
	}
	for _, s := range k.Stats() {
		for code, n := range s.Errors {
			give("tailrace_errors_total", float64(n), output, s.Topic, strconv.Itoa(int(s.Partition)), code)
		}
	}
}

func flag(on bool) int64 {
	if on {
		return 1
	}
	return 0
}

func (c *collector) journal(give give) {
	s := c.a.journal.Stats()
	give("tailrace_journal_bytes", float64(s.Bytes))
	give("tailrace_journal_generation", float64(s.Generation))
	give("tailrace_journal_written_bytes_total", float64(s.Written))
	give("tailrace_journal_waiting_bytes", float64(s.Waiting))
	give("tailrace_journal_syncs_total", float64(s.Syncs))
	give("tailrace_journal_sync_seconds_total", s.SyncTime.Seconds())
	for step, fails := range s.Failing {
		give("tailrace_journal_failing", float64(flag(fails)), step)
	}
}
