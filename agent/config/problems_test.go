package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each problem is one line with its place, its key, what is wrong and what
// would be right; all of a file come together.
func TestProblems(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		path := write(t, map[string]string{"config.yaml": text})
		_, err := Load(path)
		if err == nil {
			t.Errorf("accepted:\n%s", text)
			return
		}
		got := strings.ReplaceAll(err.Error(), filepath.Dir(path)+"/", "")
		if got != strings.Join(want, "\n") {
			t.Errorf("for\n%s\ngot\n%s\nwant\n%s", text, got, strings.Join(want, "\n"))
		}
	}
	// in is a whole configuration with one input in it that begins in line 2.
	in := func(text string) string { return "inputs:\n- " + text + "\noutputs: {stdout: {}}\n" }
	// out is one with a Kafka output: the text begins at 2:18.
	out := func(text string) string {
		return "inputs: [{paths: [/a], topic: a}]\noutputs: {kafka: {" + text + "}}\n"
	}
	// top is one with a key of its own in line 3.
	top := func(text string) string {
		return "inputs: [{paths: [/a], topic: a}]\noutputs: {stdout: {}}\n" + text + "\n"
	}
	const valid = "not valid YAML: "

	// Nothing at all.
	f("", `config.yaml:1:1: the file is empty; it needs at least inputs and outputs`)
	f("# nothing\n---\n", `config.yaml:1:1: the file is empty; it needs at least inputs and outputs`)
	f("outputs: {stdout: {}}\n",
		`config.yaml:1:1: inputs: missing: say what to ship, like "inputs: [{paths: [/var/log/app/*.log], topic: app}]"`)
	f("inputs: [{paths: [/a], topic: a}]\n",
		`config.yaml:1:1: outputs: missing: say where the lines go, like "outputs: {kafka: {brokers: [localhost:9092]}}"`)

	// Not YAML.
	f("inputs:\n  - paths: [/a\n    topic: a\n", `config.yaml:2:3: `+valid+`a "[" is not closed by "]", or a comma is missing`)
	f("inputs:\n\t- paths: [/a]\n", `config.yaml:2:1: a tab in the indentation, which YAML does not allow; use spaces`)
	f("inputs:\n  - paths: [/a]\n   topic: a\n",
		`config.yaml:3:4: `+valid+`the indentation does not fit the lines above, or a bracket is too many`)
	f("inputs:\n  - paths: ['/a]\n    topic: a\n", `config.yaml:2:3: `+valid+`a quote is not closed`)
	f("hostname: a: b\n",
		`config.yaml:1:1: `+valid+`a key cannot be here; put a text that has ": " in it in quotes, or mend the indentation`)
	f("inputs:\n- paths:\n  - *.log\n",
		`config.yaml:3:3: `+valid+`a text that begins with * or & must be in quotes, like "*.log"`)
	f("a: 1\n---\nb: 2\n", `config.yaml:2:1: a second document begins here; a configuration is one, so remove the "---"`)
	f("a: b\nc\xff: d\n", `config.yaml:2:2: not UTF-8 text: byte 0xff; save the file as UTF-8`)
	f("a: \x00\n", `config.yaml:1:4: a control character ('\x00'), which YAML does not allow; remove it`)

	// Wrong types.
	f("foo\n", `config.yaml:1:1: expected keys with values (buffer, hostname, inputs, outputs, state_dir, sync), found the text "foo"`)
	f(in("paths: /var/log/*.log\n  topic: 12"),
		`config.yaml:2:10: inputs[0].paths: expected a list, found the text "/var/log/*.log"; write it like [/var/log/app/*.log]`,
		`config.yaml:3:10: inputs[0].topic: expected text, found the number "12"; write it in quotes: "12"`)
	f(in("/var/log/syslog"),
		`config.yaml:2:3: inputs[0]: expected keys with values (exclude, paths, start, topic), found the text "/var/log/syslog"`)
	f(in("paths: [[/a], {b: c}, '', true]\n  topic: [a]"),
		`config.yaml:2:11: inputs[0].paths[0]: expected text, found a list`,
		`config.yaml:2:17: inputs[0].paths[1]: expected text, found keys with values`,
		`config.yaml:2:25: inputs[0].paths[2]: is empty; give it a value, or remove the key to have the default`,
		`config.yaml:2:29: inputs[0].paths[3]: expected text, found the truth value "true"; write it in quotes: "true"`,
		`config.yaml:3:10: inputs[0].topic: expected text, found a list`)
	f(top("state_dir:\nhostname: ''\nbuffer: []\nsync:"),
		`config.yaml:3:11: state_dir: is empty; give it a value, or remove the key to have the default`,
		`config.yaml:4:11: hostname: is empty; give it a value, or remove the key to have the default`,
		`config.yaml:5:9: buffer: expected a value like 32MiB, found a list`,
		`config.yaml:6:6: sync: expected a value like 1s, found nothing`)

	// Keys.
	f(top("hostnam: a\nhosts: b\nhostname: c\nhostname: d\n[e]: f"),
		`config.yaml:3:1: hostnam: unknown key; did you mean "hostname"?`,
		`config.yaml:4:1: hosts: unknown key; known here: buffer, hostname, inputs, outputs, state_dir, sync`,
		`config.yaml:6:1: hostname: given twice, first in line 5; keep one of them`,
		`config.yaml:7:1: expected a key, found a list`)
	f(top(`"a\nb\e[2J": c`),
		`config.yaml:3:1: a?b?[2J: unknown key; known here: buffer, hostname, inputs, outputs, state_dir, sync`)

	// Inputs.
	f("inputs: []\noutputs: {stdout: {}}\n",
		`config.yaml:1:9: inputs: the list is empty; write it like [{paths: [/var/log/app/*.log], topic: app}]`)
	f(in("path: [a]"),
		`config.yaml:2:3: inputs[0].path: unknown key; did you mean "paths"?`,
		`config.yaml:2:3: inputs[0].topic: missing: say where the lines go, like "topic: app"`,
		`config.yaml:2:10: inputs[0].path[0]: "a" is a relative path; begin it with "/" (/**/a is that name in any directory)`)
	f(in("paths: []\n  topic: a\n  start: newest\n  exclude: []"),
		`config.yaml:2:10: inputs[0].paths: the list is empty; write it like [/var/log/app/*.log]`,
		`config.yaml:4:10: inputs[0].start: "newest" is not one of beginning, end`,
		`config.yaml:5:12: inputs[0].exclude: the list is empty; write it like [/var/log/app/debug*.log]`)
	f(in("paths: [/a]\n  topic: a\n  start: begining"),
		`config.yaml:4:10: inputs[0].start: "begining" is not one of beginning, end; did you mean "beginning"?`)
	f(in("paths: [log/*.log, ~/x, '/a/[b', '/a/{b', /var/log/, /a//b/../c]\n  topic: a\n  exclude: ['*.gz']"),
		`config.yaml:2:11: inputs[0].paths[0]: "log/*.log" is a relative path; begin it with "/" (/**/log/*.log is that name in any directory)`,
		`config.yaml:2:22: inputs[0].paths[1]: "~/x": ~ is not expanded; write the whole path, beginning with /`,
		`config.yaml:2:27: inputs[0].paths[2]: "/a/[b" is not a valid pattern: a [ or { is not closed, or it ends in \; write \[ for the character itself`,
		`config.yaml:2:36: inputs[0].paths[3]: "/a/{b" is not a valid pattern: a [ or { is not closed, or it ends in \; write \[ for the character itself`,
		`config.yaml:2:45: inputs[0].paths[4]: "/var/log/" is a directory; to follow the files in it, write /var/log/*.log`,
		`config.yaml:2:56: inputs[0].paths[5]: "/a//b/../c" has a ".", a ".." or a double "/"; write /a/c`,
		`config.yaml:4:13: inputs[0].exclude[0]: "*.gz" is a relative path; begin it with "/" (/**/*.gz is that name in any directory)`)
	f(in("paths: [/a]\n  topic: my topic!"),
		`config.yaml:3:10: inputs[0].topic: Kafka has no topic "my topic!": letters, digits, '.', '_' and '-' are allowed, like my-topic-`)
	f(in("paths: [/a]\n  topic: .."), `config.yaml:3:10: inputs[0].topic: Kafka refuses the name ".."; choose another`)
	f(in("paths: [/a]\n  topic: __consumer_offsets"),
		`config.yaml:3:10: inputs[0].topic: __consumer_offsets is Kafka's own topic; choose another`)
	f(in("paths: [/a]\n  topic: "+strings.Repeat("t", 250)),
		`config.yaml:3:10: inputs[0].topic: a topic's name of 250 characters is too long: at most 249`)

	// One file, two topics.
	f(in("{paths: [/a/*.log], topic: a}\n- {paths: [/b, /a/*.log], topic: b}"),
		`config.yaml:3:16: inputs[1].paths[1]: "/a/*.log" is already in inputs[0].paths[0] (config.yaml:2); each file goes to one topic, so remove it here or there`)
	f(in("{paths: [/a/x.log], topic: a}\n- {paths: [/a/*.log], topic: b}"),
		`config.yaml:2:12: inputs[0].paths[0]: /a/*.log matches it too (config.yaml:3, topic b), and each file goes to one topic; add it to the exclude list there`)

	// Outputs.
	f("inputs: [{paths: [/a], topic: a}]\noutputs:\n",
		`config.yaml:2:9: outputs: is empty; say where the lines go: "kafka: {brokers: [localhost:9092]}", or "stdout: {}"`)
	f("inputs: [{paths: [/a], topic: a}]\noutputs: {stdout: {}, kafka: {brokers: [a]}}\n",
		`config.yaml:2:10: outputs: kafka and stdout are both given; lines go to one output, so remove the other`)
	f("inputs: [{paths: [/a], topic: a}]\noutputs: {stdout: {color: 1}, kafak: {}}\n",
		`config.yaml:2:10: outputs: kafka and stdout are both given; lines go to one output, so remove the other`,
		`config.yaml:2:20: outputs.stdout.color: unknown key; there are no options here, so remove it`,
		`config.yaml:2:31: outputs.kafak: unknown key; did you mean "kafka"?`,
		`config.yaml:2:38: outputs.kafak.brokers: missing: say where Kafka is, like "brokers: [localhost:9092]"`)
	f(out(""), `config.yaml:2:18: outputs.kafka.brokers: missing: say where Kafka is, like "brokers: [localhost:9092]"`)
	f(out("brokers: [a, a:9092, 'a:', a:70000, 'kafka://a:1', 'a:1,b:1', 'a b', '::1:x']"),
		`config.yaml:2:32: outputs.kafka.brokers[1]: a:9092 is in the list twice; remove one`,
		`config.yaml:2:40: outputs.kafka.brokers[2]: "a:": the port must be a number from 1 to 65535, like a:9092`,
		`config.yaml:2:46: outputs.kafka.brokers[3]: "a:70000": the port must be a number from 1 to 65535, like a:9092`,
		`config.yaml:2:55: outputs.kafka.brokers[4]: "kafka://a:1": write host:port without kafka://`,
		`config.yaml:2:70: outputs.kafka.brokers[5]: "a:1,b:1" is several addresses; make each an element of the list`,
		`config.yaml:2:81: outputs.kafka.brokers[6]: "a b": "a b" is not the name or address of a host; write host:port, like localhost:9092`,
		`config.yaml:2:88: outputs.kafka.brokers[7]: "::1:x" is not an address; write host:port, like localhost:9092`)
	f(out("brokers: localhost:9092, compression: lz, client_id: \"a\\nb\""),
		`config.yaml:2:28: outputs.kafka.brokers: expected a list, found the text "localhost:9092"; write it like [localhost:9092]`,
		`config.yaml:2:57: outputs.kafka.compression: "lz" is not one of none, gzip, snappy, lz4, zstd; did you mean "lz4"?`,
		`config.yaml:2:72: outputs.kafka.client_id: "a\nb" has control characters; write it as one line of text`)

	// The rest.
	f(top("hostname: ' a '\nstate_dir: state"),
		`config.yaml:3:11: hostname: " a " has blanks at an end; remove them`,
		`config.yaml:4:12: state_dir: "state" is a relative path; write the whole one, like /var/lib/tailrace`)
	f(top("hostname: "+strings.Repeat("h", 256)), `config.yaml:3:11: hostname: 256 bytes are too long: at most 255`)
	f(top("buffer: 32 megs"), `config.yaml:3:9: buffer: "32 megs" is not a size; write a whole number with KiB, MiB or GiB, like 32MiB`)
	f(top("buffer: 100"), `config.yaml:3:9: buffer: 100 is too little: one batch needs 1MiB; the default is 32MiB`)
	f(top("buffer: 1000GiB"), `config.yaml:3:9: buffer: 1000GiB is too much: at most 64GiB; the default is 32MiB`)
	f(top("sync: 1"), `config.yaml:3:7: sync: "1" is not a duration; write one like 1s or 200ms, or "always"`)
	f(top("sync: 0s"), `config.yaml:3:7: sync: 0s is too short; write "always" to make every record durable before it is sent`)
	f(top("sync: 2h"), `config.yaml:3:7: sync: 2h is too long: at most 1m; the default is 1s`)

	// Variables.
	t.Setenv("TR_EMPTY", "")
	f(top("hostname: ${TR_NOT_SET}\nstate_dir: ${TR_EMPTY}\nbuffer: ${TR-X}\nsync: ${TR"),
		`config.yaml:3:11: hostname: the environment variable TR_NOT_SET is not set; set it, or write $${TR_NOT_SET} for the text itself`,
		`config.yaml:4:12: state_dir: is empty after its variables are put in; give them values`,
		`config.yaml:5:9: buffer: "${TR-X}" is not a variable like ${NAME}; write $${ for the text ${ itself`,
		`config.yaml:6:7: sync: "${TR" is not a variable like ${NAME}; write $${ for the text ${ itself`)
}

// conf.d adds inputs and nothing else; problems of all files come together,
// the main file's first.
func TestProblemsOfConfD(t *testing.T) {
	path := write(t, map[string]string{
		"config.yaml":    "inputs: [{paths: [/a], topic: a}]\noutputs: {stdout: {}}\nx: 1\n",
		"conf.d/b.yaml":  "hostname: b\ninputs: [{paths: [/a], topic: b}]\n",
		"conf.d/a.yaml":  "inputs: {}\n",
		"conf.d/odd.yml": "",
	})
	_, err := Load(path)
	got := strings.ReplaceAll(err.Error(), filepath.Dir(path)+"/", "")
	want := strings.Join([]string{
		`config.yaml:3:1: x: unknown key; known here: buffer, hostname, inputs, outputs, state_dir, sync`,
		`conf.d/odd.yml: would be ignored: only names ending in ".yaml" are read; rename it`,
		`conf.d/a.yaml:1:9: inputs: expected a list, found keys with values; write it like [{paths: [/var/log/app/*.log], topic: app}]`,
		`conf.d/b.yaml:1:11: hostname: a file in conf.d only adds inputs; put this key into the main file`,
		`conf.d/b.yaml:2:19: inputs[0].paths[0]: "/a" is already in inputs[0].paths[0] (config.yaml:1); each file goes to one topic, so remove it here or there`,
	}, "\n")
	if got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

// A file that is not there, or is a directory, is a problem like any other.
func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	f := func(path, want string) {
		t.Helper()
		if _, err := Load(path); err == nil || err.Error() != path+": "+want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	f(filepath.Join(dir, "none.yaml"), "does not exist; write one, or name another with --config")
	f(dir, "cannot be read: is a directory")
	if os.Getuid() != 0 {
		path := write(t, map[string]string{"config.yaml": ""})
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		f(path, "may not be read by this user; run as root or as user tailrace, or change its owner or mode")
	}
}
