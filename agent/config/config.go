// Package config reads config.yaml: every value is checked, every problem of
// the file is reported at once with its place, and what is not written there
// gets its default.
package config

import (
	"time"

	"tailrace/agent/route"
	"tailrace/outputs/kafka/security"
)

// Defaults of what config.yaml leaves out.
const (
	DefaultPath        = "/etc/tailrace/config.yaml"
	DefaultStateDir    = "/var/lib/tailrace"
	DefaultBuffer      = 32 << 20 // bytes
	DefaultSync        = time.Second
	DefaultCompression = "lz4"
	DefaultPartitioner = "murmur2"
	DefaultKey         = route.Hostname
	DefaultClientID    = "tailrace"
	DefaultPort        = "9092"
	DefaultEncoding    = "utf-8"
	DefaultQuiet       = time.Second
	DefaultMaxLines    = 500
	DefaultCloseIdle   = 5 * time.Second
)

// Where reading of a file begins that tailrace has never seen.
const (
	Beginning = "beginning"
	End       = "end"
)

// What becomes of a line that is longer than MaxLine.
const (
	Split      = "split"       // it is shipped in pieces
	Truncate   = "truncate"    // its beginning is shipped
	DeadLetter = "dead_letter" // it is kept on this host
)

// What the value of a record is.
const (
	Raw  = "raw"  // the line as it is
	JSON = "json" // an object with the line in it
)

// How often a line may be in a topic.
const (
	ExactlyOnce = "exactly_once"
	AtLeastOnce = "at_least_once" // after a failure more than once; without idempotent producers
)

// Which partition of its topic a record goes to.
const (
	Murmur2    = "murmur2"     // by the key, as Kafka's Java clients do
	FNV1a      = "fnv1a"       // by the key, as sarama does when it is not told otherwise
	RoundRobin = "round_robin" // one batch to each in turn
	Manual     = "manual"      // Input.Partition
)

// How a container runtime wraps the lines of its logs.
const (
	CRI    = "cri"    // containerd, CRI-O
	Docker = "docker" // Docker's json-file
)

// Config is a configuration that was checked, with all defaults filled in.
// Nobody changes it after Load.
type Config struct {
	Inputs  []Input // at least one
	Outputs Outputs
	// Cluster is the name of Outputs.Kafka where it is one of several, see Split.
	Cluster  string
	Hostname string        // the key of every record; not empty
	StateDir string        // absolute path
	Buffer   int64         // bytes in flight, at most
	Sync     time.Duration // how often the journal is made durable; 0: before every send
	// HoldDeleted is how many bytes of disk space files that were deleted
	// before they were read may keep in use; 0: no limit.
	HoldDeleted int64
	Metrics     string   // host:port where metrics are served; empty: nowhere
	Files       []string // that were read: the main file, then those of conf.d
	// Places is where certificates and secrets are named, "file:line:column: key".
	Places map[security.File]string
}

// Input is a set of files whose lines go to one topic.
type Input struct {
	Paths   []string // absolute doublestar patterns, at least one
	Exclude []string // the same: what Paths match and is left alone
	Start   string   // Beginning or End
	At      string   // "file:line" where it is written, for messages

	// Where the lines go. Output is one of Outputs.Clusters, or empty; Topic, Key and the values of Headers may be templates,
	// see package route.
	Output        string
	Topic         string
	FallbackTopic string // of files whose path gives no topic
	PathPattern   string // regular expression (RE2) over the path, with named groups
	Key           string // route.Hostname, route.Path, or a template
	Partition     int    // with Partitioner Manual
	NoPath        bool   // no header "path"
	NoOffset      bool   // no header "offset"
	HostHeader    *bool  // whether there is a header "host"; nil: when it is not the key
	Headers       map[string]string

	Time Time // of a record, for a header or the timestamp too; the zero value: none

	// What a record is made of.
	Container    string     // CRI, Docker, or empty: files that no container runtime writes
	Encoding     string     // one of Encodings
	Multiline    *Multiline // nil: every line is a record
	IncludeLines []string   // regular expressions (RE2), one of which a record must match; empty: any
	ExcludeLines []string   // the same: records that match one are left out
	MaxLine      int64      // bytes of a line or a multi-line record, at most; 0: as many as fit into Kafka's default max.message.bytes
	LongLines    string     // what becomes of longer ones: Split, Truncate or DeadLetter
	Format       string     // Raw or JSON
	Fields       map[string]string

	// What becomes of the files.
	IgnoreOlder    time.Duration // files not written to for so long are left alone; 0: none
	CloseIdle      time.Duration // a file without new lines stays open for so long
	DeleteAfterAck time.Duration // a shipped file not written to for so long is deleted; 0: never
}

// Time is where a record has its time.
type Time struct {
	Pattern string // regular expression (RE2), whose group "time" has it
	Layout  string // as Go's package time has them
	// Timestamp says that it is the record's timestamp too.
	Timestamp bool
}

// Multiline says which lines make one record: Start, Continue or both are set.
type Multiline struct {
	Start    string        // regular expression (RE2) of lines that begin a record
	Continue string        // of lines that belong to the one before
	Quiet    time.Duration // the last record is complete when nothing came for so long
	MaxLines int           // in one record
}

// Outputs is where the lines go: exactly one of the fields is set.
type Outputs struct {
	Kafka    *Kafka
	Stdout   *Stdout
	Clusters []Cluster // sorted by name
}

// Cluster is one of several.
type Cluster struct {
	Name  string
	Kafka *Kafka
}

// Kafka is how the brokers are reached, and what they are sent.
type Kafka struct {
	Brokers     []string // host:port, at least one
	Compression string   // none, gzip, snappy, lz4 or zstd
	Partitioner string   // Murmur2, FNV1a, RoundRobin or Manual
	ClientID    string   // how the brokers' logs and quotas call this client
	Security    security.Options
	Delivery    string // ExactlyOnce or AtLeastOnce
}

// Stdout prints the lines. It has no options.
type Stdout struct{}
