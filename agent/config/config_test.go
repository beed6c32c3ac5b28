package config

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// write makes the files of a configuration directory and returns the path of
// its config.yaml.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "config.yaml")
}

// plain fills in the defaults of an input.
func plain(in Input) Input {
	if in.Start == "" {
		in.Start = Beginning
	}
	in.Encoding, in.LongLines, in.Format, in.CloseIdle, in.Key = "utf-8", Split, Raw, 5*time.Second, "hostname"
	return in
}

// The file that is installed must load, and be what its comments say.
func TestShippedFile(t *testing.T) {
	cfg, err := Load("../../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	host, _ := os.Hostname()
	want := &Config{
		Inputs: []Input{plain(Input{Paths: []string{"/var/log/*.log"}, Topic: "logs", At: cfg.Inputs[0].At})},
		Outputs: Outputs{Kafka: &Kafka{Partitioner: "murmur2",
			Brokers: []string{"localhost:9092"}, Compression: "lz4", ClientID: "tailrace", Delivery: ExactlyOnce,
		}},
		Hostname: host, StateDir: "/var/lib/tailrace", Buffer: 32 << 20, Sync: time.Second,
		Files: []string{"../../config.yaml"},
	}
	if !reflect.DeepEqual(cfg, want) {
		t.Fatalf("got %+v, want %+v", cfg, want)
	}
}

// The shipped file has every option, with a value that loads; those that it
// calls defaults are.
func TestShippedComments(t *testing.T) {
	data, err := os.ReadFile("../../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	option := func(key string) string {
		for line := range strings.Lines(string(data)) {
			rest, ok := strings.CutPrefix(strings.TrimLeft(line, "# -"), key+": ")
			if ok {
				value, _, _ := strings.Cut(rest, " #")
				return strings.TrimSpace(value)
			}
		}
		t.Fatalf("config.yaml does not mention %s", key)
		return ""
	}
	load := func(more, input, outputs string) *Config {
		t.Helper()
		cfg, err := Load(write(t, map[string]string{
			"config.yaml": "inputs: [{paths: [/a], topic: a" + input + "}]\noutputs: {" + outputs + "}\n" + more,
		}))
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	plain := load("", "", "stdout: {}")
	for key := range (&input{given: map[string]value{}}).fields() {
		if key == "paths" || key == "topic" || key == "fallback_topic" || key == "output" {
			continue // the last two go with other things
		}
		text := ", " + key + ": " + option(key)
		if key == "fields" {
			text += ", format: json"
		}
		got := load("", text, "stdout: {}")
		got.Inputs[0].At, got.Files = plain.Inputs[0].At, plain.Files
		if key == "max_line" {
			got.Inputs[0].MaxLine -= 960 << 10 // which is what 0 stands for
		}
		isDefault := slices.Contains([]string{"start", "close_idle", "encoding", "max_line", "long_lines", "format", "key"}, key)
		if reflect.DeepEqual(got, plain) != isDefault {
			t.Errorf("%s: %s is the default: %v, want %v", key, option(key), !isDefault, isDefault)
		}
	}
	for _, key := range topKeys() {
		if key == "inputs" || key == "outputs" {
			continue
		}
		got := load(key+": "+option(key)+"\n", "", "stdout: {}")
		got.Files = plain.Files
		got.Inputs[0].At = plain.Inputs[0].At
		isDefault := slices.Contains([]string{"state_dir", "buffer", "sync"}, key)
		if reflect.DeepEqual(got, plain) != isDefault {
			t.Errorf("%s: %s is the default: %v, want %v", key, option(key), !isDefault, isDefault)
		}
	}
	k := load("", "", "kafka: {brokers: [b], compression: "+option("compression")+", client_id: "+option("client_id")+", delivery: "+option("delivery")+
		", partitioner: "+strings.TrimSuffix(option("partitioner"), ",")+"}").Outputs.Kafka
	if k.Partitioner != DefaultPartitioner || k.Compression != DefaultCompression || k.ClientID != DefaultClientID || k.Delivery != ExactlyOnce {
		t.Errorf("the commented defaults of config.yaml are not the defaults: %+v", k)
	}
	k = load("", "", "kafka: {brokers: [b], tls: "+option("tls")+", sasl: "+option("sasl")+"}").Outputs.Kafka
	if k.Security.TLS == nil || k.Security.SASL == nil || k.Security.SASL.Username != "tailrace" {
		t.Errorf("the commented examples of config.yaml give %+v", k.Security)
	}
}

func TestEverything(t *testing.T) {
	t.Setenv("TR_BROKER", "kafka-1:9093")
	t.Setenv("TR_DIR", "/srv/a: [b]") // would be structure if it were put in before parsing
	cfg, err := Load(write(t, map[string]string{
		"config.yaml": `
inputs:
  - paths: ["/var/log/**/*.log", "${TR_DIR}/x.log", '/a/$${b}.log']
    exclude: [/var/log/old/*]
    topic: web
    start: end
outputs:
  kafka:
    brokers: ["${TR_BROKER}", kafka-2, "2001:db8::1", "[2001:db8::2]:9094"]
    compression: zstd
    client_id: me
    delivery: at_least_once
hostname: web-1
state_dir: /srv/state/
buffer: 64 MiB
sync: always
hold_deleted: 2GiB
metrics: localhost:9464
`,
		"conf.d/20-b.yaml":    "inputs: [{paths: [/b.log], topic: b}]\n",
		"conf.d/10-a.yaml":    "inputs: [{paths: [/a.log], topic: a}]\n",
		"conf.d/30-none.yaml": "# nothing yet\n",
		"conf.d/.#20-b.yaml":  "an editor's",
		"conf.d/README":       "not read",
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Inputs: []Input{
			plain(Input{
				Paths:   []string{"/var/log/**/*.log", "/srv/a: [b]/x.log", "/a/${b}.log"},
				Exclude: []string{"/var/log/old/*"}, Topic: "web", Start: End,
			}),
			plain(Input{Paths: []string{"/a.log"}, Topic: "a"}),
			plain(Input{Paths: []string{"/b.log"}, Topic: "b"}),
		},
		Outputs: Outputs{Kafka: &Kafka{Partitioner: "murmur2",
			Brokers:     []string{"kafka-1:9093", "kafka-2:9092", "[2001:db8::1]:9092", "[2001:db8::2]:9094"},
			Compression: "zstd", ClientID: "me", Delivery: AtLeastOnce,
		}},
		Hostname: "web-1", StateDir: "/srv/state", Buffer: 64 << 20, Sync: 0, HoldDeleted: 2 << 30, Metrics: "localhost:9464",
	}
	if n := len(cfg.Files); n != 4 {
		t.Errorf("%d files were read, want 4: %q", n, cfg.Files)
	}
	cfg.Files = nil
	for i := range cfg.Inputs {
		if !strings.Contains(cfg.Inputs[i].At, ".yaml:") {
			t.Errorf("input %d has no place: %q", i, cfg.Inputs[i].At)
		}
		cfg.Inputs[i].At = ""
	}
	if !reflect.DeepEqual(cfg, want) {
		t.Fatalf("\ngot  %+v\nwant %+v", cfg, want)
	}
}

// Every option of an input.
func TestInput(t *testing.T) {
	f := func(text string, want Input) {
		t.Helper()
		cfg, err := Load(write(t, map[string]string{
			"config.yaml": "inputs:\n- paths: [/a]\n  topic: a\n  " + text + "\noutputs: {stdout: {}}\n",
		}))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		want.Paths, want.Topic, want.At = []string{"/a"}, "a", cfg.Inputs[0].At
		if !reflect.DeepEqual(cfg.Inputs[0], want) {
			t.Errorf("%s\ngot  %+v\nwant %+v", text, cfg.Inputs[0], want)
		}
	}
	with := func(change func(*Input)) Input {
		in := plain(Input{})
		change(&in)
		return in
	}
	f(`multiline: {start: '^\d{4}-'}`, with(func(in *Input) {
		in.Multiline = &Multiline{Start: `^\d{4}-`, Quiet: time.Second, MaxLines: 500}
	}))
	f(`multiline: {start: a, continue: '^\s', quiet: 250ms, max_lines: 20}`, with(func(in *Input) {
		in.Multiline = &Multiline{Start: "a", Continue: `^\s`, Quiet: 250 * time.Millisecond, MaxLines: 20}
	}))
	f(`headers: {path: false, host: true, env: prod}`, with(func(in *Input) {
		on := true
		in.NoPath, in.HostHeader, in.Headers = true, &on, map[string]string{"env": "prod"}
	}))
	f(`headers: {offset: false, path: true}`, with(func(in *Input) { in.NoOffset = true }))
	f(`key: "{base}"`, with(func(in *Input) { in.Key = "{base}" }))
	f(`path_pattern: '/(?P<a>x)'`, with(func(in *Input) { in.PathPattern = "/(?P<a>x)" }))
	f("partition: 4", with(func(in *Input) { in.Partition = 4 }))
	f("encoding: UTF-16LE", with(func(in *Input) { in.Encoding = "utf-16le" }))
	f("encoding: shift_jis", with(func(in *Input) { in.Encoding = "shift-jis" }))
	f(`include_lines: [ERROR, '^W']`, with(func(in *Input) { in.IncludeLines = []string{"ERROR", "^W"} }))
	f(`exclude_lines: ["/healthz", '/\*']`, with(func(in *Input) { in.ExcludeLines = []string{"/healthz", `/\*`} }))
	f("max_line: 64KiB\n  long_lines: dead_letter", with(func(in *Input) { in.MaxLine, in.LongLines = 64<<10, DeadLetter }))
	f("format: json\n  fields: {service.name: shop, service.version: '1', team: web}", with(func(in *Input) {
		in.Format, in.Fields = JSON, map[string]string{"service.name": "shop", "service.version": "1", "team": "web"}
	}))
	f("container: docker\n  multiline: {start: x}", with(func(in *Input) {
		in.Container, in.Multiline = Docker, &Multiline{Start: "x", Quiet: time.Second, MaxLines: 500}
	}))
	f("ignore_older: 7d\n  close_idle: 90s\n  delete_after_ack: 1d12h", with(func(in *Input) {
		in.IgnoreOlder, in.CloseIdle, in.DeleteAfterAck = 7*day, 90*time.Second, 36*time.Hour
	}))
}

func TestDurations(t *testing.T) {
	f := func(s string, want time.Duration, ok bool) {
		t.Helper()
		got, gotOK := parseDuration(s)
		if got != want || gotOK != ok {
			t.Errorf("%q: got %v, %v, want %v, %v", s, got, gotOK, want, ok)
		}
		if back, _ := parseDuration(durationText(got)); ok && back != got {
			t.Errorf("%q: %v is written as %q", s, got, durationText(got))
		}
	}
	f("1h", time.Hour, true)
	f("7d", 7*day, true)
	f("90s", 90*time.Second, true)
	f("1d6h30m", 30*time.Hour+30*time.Minute, true)
	f("1.5h", 90*time.Minute, true)
	f("0s", 0, true)
	f("99999d", 99999*day, true)
	f("99999d2540000h", 0, false) // more than can be counted
	f("7", 0, false)
	f("7 d", 0, false)
	f("1d-6h", 0, false)
	f("1w", 0, false)
	f("", 0, false)
}

// Aliases stand for what they name; one that names its own parent is refused
// like any wrong type.
func TestAliases(t *testing.T) {
	cfg, err := Load(write(t, map[string]string{"config.yaml": `
inputs: [{paths: &p [/a], topic: a}, {paths: [/b], exclude: *p, topic: b}]
outputs: {stdout: }
`}))
	if err != nil || cfg.Outputs.Stdout == nil || len(cfg.Inputs[1].Exclude) != 1 {
		t.Fatalf("got %+v, %v", cfg, err)
	}
	_, err = Load(write(t, map[string]string{"config.yaml": "inputs: &i [*i]\noutputs: {stdout: {}}\n"}))
	if err == nil || !strings.Contains(err.Error(), "inputs[0]: expected keys") {
		t.Fatalf("got %v", err)
	}
}

func TestSizes(t *testing.T) {
	f := func(s string, want int64) {
		t.Helper()
		if got, ok := parseSize(s); got != want || ok != (want > 0) {
			t.Errorf("%q: got %d, %v, want %d", s, got, ok, want)
		}
	}
	f("1048576", 1<<20)
	f("1 KiB", 1<<10)
	f("32mib", 32<<20)
	f("2GB", 2e9)
	f("7b", 7)
	f("999999999999999GiB", 1<<63-1) // more than can be counted
	f("1.5MiB", 0)
	f("-1", 0)
	f("10 parsecs", 0)
	f("9999999999999999", 0)
	f("", 0)
}

func TestNearest(t *testing.T) {
	known := []string{"brokers", "client_id", "compression", "paths"}
	f := func(s, want string) {
		t.Helper()
		if got, _ := Nearest(s, known); got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
	f("path", "paths")
	f("broker", "brokers")
	f("Brokres", "brokers")
	f("clientid", "client_id")
	f("client-id", "client_id")
	f("compression_type", "compression")
	f("c", "")
	f("acks", "")
	f("", "")
}

// Whatever the file has in it, Load returns a configuration or problems that
// name the file.
func FuzzLoad(f *testing.F) {
	f.Add("inputs: [{paths: [/a/*.log], topic: a}]\noutputs: {kafka: {brokers: [b:1]}}\nbuffer: 1MiB\nsync: 1s\n")
	f.Add("inputs: [{paths: [/a], topic: a, multiline: {start: x, quiet: 1s}, format: json, fields: {a.b: c}, ignore_older: 7d}]\noutputs: {stdout: }\n")
	f.Add("inputs: &a [*a]\noutputs: {stdout: ~}")
	f.Add("a: &x {<<: *x}\n---\nb")
	f.Add("inputs:\n\t- paths")
	f.Add("inputs: [{paths: ['${A', /$${, '/[', '/{'], topic: \"\\0\"}]")
	f.Add("{[]: 1, ? {a: b} : c, inputs: !!binary aGk=}")
	dir := f.TempDir()
	path := filepath.Join(dir, "config.yaml")
	f.Fuzz(func(t *testing.T, text string) {
		l := &loader{}
		l.cfg.Files = []string{path}
		l.main(path, []byte(text))
		cfg, err := l.finish()
		if (cfg == nil) == (err == nil) {
			t.Fatalf("got %v and %v", cfg, err)
		}
		if err == nil {
			if len(cfg.Inputs) == 0 || (cfg.Outputs.Kafka == nil) == (cfg.Outputs.Stdout == nil) || cfg.Hostname == "" ||
				cfg.Buffer < buffers.least || cfg.Sync < 0 || cfg.StateDir == "" {
				t.Fatalf("accepted %+v", cfg)
			}
			return
		}
		for line := range strings.SplitSeq(err.Error(), "\n") {
			if !strings.HasPrefix(line, path+":") {
				t.Fatalf("a problem without its place: %q", line)
			}
		}
	})
}
