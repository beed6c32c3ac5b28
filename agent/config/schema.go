package config

import (
	"os"

	"go.yaml.in/yaml/v3"

	"tailrace/outputs/kafka/security"
)

// main reads the main file.
func (l *loader) main(file string, data []byte) {
	l.cfg.StateDir, l.cfg.Buffer, l.cfg.Sync = DefaultStateDir, DefaultBuffer, DefaultSync
	l.main1 = place{file: file, line: 1, column: 1}
	before := len(l.problems)
	root := l.parse(file, data)
	if root == nil {
		if len(l.problems) == before {
			l.report(l.main1, "the file is empty; it needs at least inputs and outputs")
		}
		return
	}
	outputs := false
	top := value{l: l, file: file, node: root}
	ok := top.mapping(fields{
		"inputs":       l.inputList,
		"outputs":      func(v value) { outputs = true; l.outputs(v) },
		"hostname":     l.hostname,
		"state_dir":    l.stateDir,
		"buffer":       func(v value) { l.cfg.Buffer, _ = v.size(buffers) },
		"sync":         func(v value) { l.cfg.Sync, _ = v.interval() },
		"hold_deleted": func(v value) { l.cfg.HoldDeleted, _ = v.size(held) },
		"metrics":      l.metrics,
	}, foreignTop)
	if ok && !outputs {
		at := l.main1
		at.key = "outputs"
		l.report(at, `missing: say where the lines go, like "outputs: {kafka: {brokers: [localhost:9092]}}"`)
	}
	l.defaultHostname()
}

// addition reads a file of conf.d, which has inputs and nothing else. An empty
// one is a package's that has nothing to add yet.
func (l *loader) addition(file string, data []byte) {
	root := l.parse(file, data)
	if root == nil {
		return
	}
	elsewhere := func(v value) {
		v.problem("a file in conf.d only adds inputs; put this key into the main file")
	}
	value{l: l, file: file, node: root}.mapping(fields{
		"inputs": l.inputList, "outputs": elsewhere, "hostname": elsewhere,
		"state_dir": elsewhere, "buffer": elsewhere, "sync": elsewhere,
		"hold_deleted": elsewhere, "metrics": elsewhere,
	}, foreignTop)
}

// missing reports a key that a mapping must have.
func (v value) missing(key, text string) {
	at := v.at()
	at.key = join(v.key, key)
	v.l.report(at, "missing: "+text)
}

func (l *loader) outputs(v value) {
	if v.several() {
		l.clusters(v)
		return
	}
	out := &l.cfg.Outputs
	if !v.mapping(fields{
		"kafka":  func(v value) { out.Kafka = l.kafka(v) },
		"stdout": func(v value) { out.Stdout = &Stdout{}; v.mapping(fields{}, nil) },
	}, foreignOutputs) {
		return
	}
	both := out.Kafka != nil && out.Stdout != nil
	if node := v.resolve(); isNull(node) || node.Kind == yaml.MappingNode && len(node.Content) == 0 {
		v.problem(`is empty; say where the lines go: "kafka: {brokers: [localhost:9092]}", or "stdout: {}"`)
	} else if both {
		v.problem("kafka and stdout are both given; lines go to one output, so remove the other")
	}
}

func (l *loader) kafka(v value) *Kafka {
	k := &Kafka{Compression: DefaultCompression, Partitioner: DefaultPartitioner, ClientID: DefaultClientID, Delivery: ExactlyOnce}
	brokers := false
	var sasl, partitioner value
	if v.mapping(fields{
		"brokers":     func(v value) { brokers = true; k.Brokers = v.brokers() },
		"compression": func(v value) { k.Compression, _ = v.word("none", "gzip", "snappy", "lz4", "zstd") },
		"partitioner": func(v value) { partitioner = v; k.Partitioner, _ = v.word(Murmur2, FNV1a, RoundRobin, Manual) },
		"client_id":   func(v value) { k.ClientID, _ = v.clientID() },
		"tls":         func(v value) { k.Security.TLS = v.tls() },
		"sasl":        func(v value) { sasl = v; k.Security.SASL = v.sasl() },
		"delivery":    func(v value) { k.Delivery, _ = v.word(ExactlyOnce, AtLeastOnce) },
	}, foreignKafka) && !brokers {
		v.missing("brokers", `say where Kafka is, like "brokers: [localhost:9092]"`)
	}
	if k.Partitioner == RoundRobin && k.Delivery == AtLeastOnce {
		partitioner.problem(`%s needs "delivery: %s": without it, what comes last in a file may be acknowledged first, and the rest would not be sent again`, RoundRobin, ExactlyOnce)
	}
	if s := k.Security.SASL; s != nil && s.Mechanism == security.AWSMSKIAM && k.Security.TLS == nil {
		sasl.problem(`the mechanism %s needs TLS; add "tls: true" beside it`, s.Mechanism)
	}
	return k
}

// defaultHostname is the host's own name, unless the file has one.
func (l *loader) defaultHostname() {
	if l.cfg.Hostname != "" || len(l.problems) > 0 {
		return
	}
	name, err := os.Hostname()
	if err != nil || name == "" {
		at := l.main1
		at.key = "hostname"
		l.report(at, `this host has no name of its own; give it one, like "hostname: web-1"`)
	}
	l.cfg.Hostname = name
}
