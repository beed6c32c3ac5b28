// Package config reads config.yaml: every value is checked, every problem of
// the file is reported at once with its place, and what is not written there
// gets its default.
package config

import "time"

// Defaults of what config.yaml leaves out.
const (
	DefaultPath        = "/etc/tailrace/config.yaml"
	DefaultStateDir    = "/var/lib/tailrace"
	DefaultBuffer      = 32 << 20 // bytes
	DefaultSync        = time.Second
	DefaultCompression = "lz4"
	DefaultClientID    = "tailrace"
	DefaultPort        = "9092"
)

// Where reading of a file begins that tailrace has never seen.
const (
	Beginning = "beginning"
	End       = "end"
)

// Config is a configuration that was checked, with all defaults filled in.
// Nobody changes it after Load.
type Config struct {
	Inputs   []Input // at least one
	Outputs  Outputs
	Hostname string        // the key of every record; not empty
	StateDir string        // absolute path
	Buffer   int64         // bytes in flight, at most
	Sync     time.Duration // how often the journal is made durable; 0: before every send
	Files    []string      // that were read: the main file, then those of conf.d
}

// Input is a set of files whose lines go to one topic.
type Input struct {
	Paths   []string // absolute doublestar patterns, at least one
	Exclude []string // the same: what Paths match and is left alone
	Topic   string
	Start   string // Beginning or End
	At      string // "file:line" where it is written, for messages
}

// Outputs is where the lines go: exactly one of the fields is set.
type Outputs struct {
	Kafka  *Kafka
	Stdout *Stdout
}

// Kafka is how the brokers are reached, and what they are sent.
type Kafka struct {
	Brokers     []string // host:port, at least one
	Compression string   // none, gzip, snappy, lz4 or zstd
	ClientID    string   // how the brokers' logs and quotas call this client
}

// Stdout prints the lines. It has no options.
type Stdout struct{}
