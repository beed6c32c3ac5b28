package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A key at the wrong place is told where it stands, and there it is known.
func TestMisplacedKeys(t *testing.T) {
	for key, home := range homes() {
		text := map[string]string{
			"at the top of the file":  "inputs: [{%s: x}]\n",
			"in an element of inputs": "%s: x\n",
			"under kafka in outputs":  "inputs: [{%s: x}]\n",
			"under outputs":           "%s: x\n",
		}[home]
		_, err := Load(write(t, map[string]string{"config.yaml": fmt.Sprintf(text, key)}))
		if err == nil || !strings.Contains(err.Error(), key+": unknown key here: it stands "+home) {
			t.Errorf("%s: %v", key, err)
		}
		right := map[string]string{
			"at the top of the file":  "%s: x\n",
			"in an element of inputs": "inputs: [{%s: x}]\n",
			"under kafka in outputs":  "outputs: {kafka: {%s: x}}\n",
			"under outputs":           "outputs: {%s: x}\n",
		}[home]
		if _, err := Load(write(t, map[string]string{"config.yaml": fmt.Sprintf(right, key)})); strings.Contains(fmt.Sprint(err), key+": unknown key") {
			t.Errorf("%s %s: %v", key, home, err)
		}
	}
}

// What is shipped does not make more to ship.
func TestStateIsNotFollowed(t *testing.T) {
	for paths, bad := range map[string]bool{
		"[/var/lib/tailrace/*]": true, "[/a, /var/**]": true, "[/var/**/*.log]": false, "[/var/**], exclude: [/var/lib/tailrace/**]": false,
	} {
		_, err := Load(write(t, map[string]string{"config.yaml": "inputs: [{paths: " + paths + ", topic: a}]\noutputs: {stdout: {}}\n"}))
		if told := strings.Contains(fmt.Sprint(err), "it matches the files in state_dir too, which grow with every line that is shipped; add /var/lib/tailrace/** to the exclude list"); told != bad {
			t.Errorf("%s: %v", paths, err)
		}
	}
}

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
	f("foo\n", `config.yaml:1:1: expected keys with values (buffer, hold_deleted, hostname, inputs, metrics, outputs, state_dir, sync), found the text "foo"`)
	f(in("paths: /var/log/*.log\n  topic: 12"),
		`config.yaml:2:10: inputs[0].paths: expected a list, found the text "/var/log/*.log"; write it like [/var/log/app/*.log]`,
		`config.yaml:3:10: inputs[0].topic: expected text, found the number "12"; write it in quotes: "12"`)
	f(in("/var/log/syslog"),
		`config.yaml:2:3: inputs[0]: expected keys with values (close_idle, container, delete_after_ack, encoding, exclude, exclude_lines, fallback_topic, fields, format, headers, ignore_older, include_lines, key, long_lines, max_line, multiline, output, partition, path_pattern, paths, start, time, topic), found the text "/var/log/syslog"`)
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
		`config.yaml:4:1: hosts: unknown key; known here: buffer, hold_deleted, hostname, inputs, metrics, outputs, state_dir, sync`,
		`config.yaml:6:1: hostname: given twice, first in line 5; keep one of them`,
		`config.yaml:7:1: expected a key, found a list`)
	f(top(`"a\nb\e[2J": c`),
		`config.yaml:3:1: a?b?[2J: unknown key; known here: buffer, hold_deleted, hostname, inputs, metrics, outputs, state_dir, sync`)

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

	// Lines and their regular expressions.
	f(in("paths: [/a]\n  topic: a\n  exclude: [^DEBUG, /var/log/x.log]\n  exclude_lines: [/var/log/debug*.log, '*.log', /srv/*/x]\n  include_lines: ERROR"),
		`config.yaml:4:13: inputs[0].exclude[0]: "^DEBUG" is not the path of files; a regular expression of lines goes under exclude_lines`,
		`config.yaml:5:19: inputs[0].exclude_lines[0]: "/var/log/debug*.log" looks like the path of files, which go under paths and exclude; here stands a regular expression of lines (for a line that begins so, write ^ before it)`,
		`config.yaml:5:40: inputs[0].exclude_lines[1]: "*.log" is not a regular expression: at "*", a *, + or ? needs something before it: any text is .*, the character itself \*`,
		`config.yaml:5:49: inputs[0].exclude_lines[2]: "/srv/*/x" looks like the path of files, which go under paths and exclude; here stands a regular expression of lines (for a line that begins so, write ^ before it)`,
		`config.yaml:6:18: inputs[0].include_lines: expected a list, found the text "ERROR"; write it like [ERROR, WARN]`)
	f(in(`paths: [/a]
  topic: a
  exclude_lines: ['a**', '[a', '(a', 'a)', '\y', 'a\', '(?=a)', 'a{1001}', '[b-a]', '(?<!a)b']`),
		`config.yaml:4:19: inputs[0].exclude_lines[0]: "a**" is not a regular expression: at "**", two of *, + and ? follow each other; for the character itself write a \ before it`,
		`config.yaml:4:26: inputs[0].exclude_lines[1]: "[a" is not a regular expression: at "[a", a [ is not closed; for the character itself write \[`,
		`config.yaml:4:32: inputs[0].exclude_lines[2]: "(a" is not a regular expression: at "(a", a ( is not closed; for the character itself write \(`,
		`config.yaml:4:38: inputs[0].exclude_lines[3]: "a)" is not a regular expression: at "a)", a ) is too many; for the character itself write \)`,
		`config.yaml:4:44: inputs[0].exclude_lines[4]: "\y" is not a regular expression: at "\y", there is no such escape; for a \ itself write \\`,
		`config.yaml:4:50: inputs[0].exclude_lines[5]: "a\" is not a regular expression: a \ stands at its end; for the character itself write \\`,
		`config.yaml:4:56: inputs[0].exclude_lines[6]: "(?=a)" is not a regular expression: at "(?=", looking ahead or behind, (?=, (?!, (?<=, (?<!, is not possible here, nor are references back; say it without`,
		`config.yaml:4:65: inputs[0].exclude_lines[7]: "a{1001}" is not a regular expression: at "{1001}", a number in { } is too large, at most 1000, or the first is larger than the second`,
		`config.yaml:4:76: inputs[0].exclude_lines[8]: "[b-a]" is not a regular expression: at "b-a", the range in [ ] runs backwards, or there is no such class`,
		`config.yaml:4:85: inputs[0].exclude_lines[9]: "(?<!a)b" is not a regular expression: at "(?<!a)b", looking ahead or behind, (?=, (?!, (?<=, (?<!, is not possible here, nor are references back; say it without`)
	f(in("paths: [/a]\n  topic: a\n  exclude_lines: [\"\\d\"]"),
		`config.yaml:4:3: `+valid+`between double quotes a \ begins an escape that YAML does not know; put a regular expression between single quotes`)
	f(in("paths: [/a]\n  topic: a\n  multiline: {quiet: 1}"),
		`config.yaml:4:14: inputs[0].multiline: needs start, a regular expression of lines that begin a record, like "start: '^\d{4}-'", or continue, one of lines that belong to the one before, like "continue: '^\s'"`,
		`config.yaml:4:22: inputs[0].multiline.quiet: "1" is not a duration; write a number with d, h, m, s or ms, like 7d, 1h or 90s`)
	f(in("paths: [/a]\n  topic: a\n  multiline: '^x'"),
		`config.yaml:4:14: inputs[0].multiline: expected keys with values (continue, max_lines, quiet, start), found the text "^x"`)
	f(in("paths: [/a]\n  topic: a\n  multiline: {start: '[', max_lines: 0, quiet: 2h}"),
		`config.yaml:4:22: inputs[0].multiline.start: "[" is not a regular expression: at "[", a [ is not closed; for the character itself write \[`,
		`config.yaml:4:38: inputs[0].multiline.max_lines: "0" is not a whole number from 1 to 1000000; the default is 500`,
		`config.yaml:4:48: inputs[0].multiline.quiet: 2h is too long: at most 1h; the default is 1s`)
	f(in("paths: [/a]\n  topic: a\n  encoding: latin1\n  max_line: 8\n  long_lines: skip\n  format: text\n  container: k8s"),
		`config.yaml:4:13: inputs[0].encoding: "latin1" is not an encoding known here; did you mean "iso-8859-1"?`,
		`config.yaml:5:13: inputs[0].max_line: 8 is too little: most lines would be too long; the default is 960KiB`,
		`config.yaml:6:15: inputs[0].long_lines: "skip" is not one of split, truncate, dead_letter`,
		`config.yaml:7:11: inputs[0].format: "text" is not one of raw, json`,
		`config.yaml:8:14: inputs[0].container: "k8s" is not one of cri, docker`)
	f(in("paths: [/a]\n  topic: a\n  max_line: 1GiB\n  container: cri\n  encoding: utf-16"),
		`config.yaml:4:13: inputs[0].max_line: 1GiB is too much: at most 64MiB; the default is 960KiB`,
		`config.yaml:6:13: inputs[0].encoding: container logs are never utf-16: the runtime writes its lines in UTF-8; remove this key`)
	f(in("paths: [/a]\n  topic: a\n  fields: {a: b}"),
		`config.yaml:4:11: inputs[0].fields: only "format: json" has fields; add that, or remove this key`)
	f(in("paths: [/a]\n  topic: a\n  format: json\n  fields: {message.x: a, a b: c, d: 1, e: f, e.g: h, i: {j: k}, l: }"),
		`config.yaml:5:12: inputs[0].fields.message.x: every object has message already; choose another name, like labels.message.x`,
		`config.yaml:5:26: inputs[0].fields.a b: "a b" is not the name of a field: letters, digits, _ and -, with dots between the parts, like service.name`,
		`config.yaml:5:37: inputs[0].fields.d: expected text, found the number "1"; write it in quotes: "1"`,
		`config.yaml:5:46: inputs[0].fields.e.g: e is given too, and one of them cannot be both a text and an object with the other in it; rename one`,
		`config.yaml:5:57: inputs[0].fields.i: expected text, found keys with values; write their names with dots, like i.name`,
		`config.yaml:5:68: inputs[0].fields.l: is empty; give it a value, or remove the key to have the default`)

	// What becomes of files.
	f(in("paths: [/a]\n  topic: a\n  ignore_older: 0s\n  close_idle: 1ms\n  delete_after_ack: 86400"),
		`config.yaml:4:17: inputs[0].ignore_older: 0s is too short: at least 1s, since files that are written now would be left alone; write one like 7d`,
		`config.yaml:5:15: inputs[0].close_idle: 1ms is too short: at least 100ms, since files would be opened for every line; the default is 5s`,
		`config.yaml:6:21: inputs[0].delete_after_ack: "86400" is not a duration; write a number with d, h, m, s or ms, like 7d, 1h or 90s`)
	f(in("paths: [/a]\n  topic: a\n  ignore_older: 99999d\n  close_idle: 2d"),
		`config.yaml:4:17: inputs[0].ignore_older: 99999d is too long: at most 3650d; write one like 7d`,
		`config.yaml:5:15: inputs[0].close_idle: 2d is too long: at most 1d; the default is 5s`)

	// What other agents call it.
	f(in("path: /var/log/x.log\n  Tag: a\n  include: [a]\n  multiline.pattern: '^x'\n  scan_frequency: 10s\n  codec: json\n  tags: [a]\n  read_from: end"),
		`config.yaml:2:3: inputs[0].path: unknown key; did you mean "paths"?`,
		`config.yaml:2:9: inputs[0].path: expected a list, found the text "/var/log/x.log"; write it like [/var/log/app/*.log]`,
		`config.yaml:3:3: inputs[0].Tag: unknown key; did you mean "topic"?`,
		`config.yaml:4:3: inputs[0].include: unknown key; did you mean "paths" (patterns of files) or "include_lines" (regular expressions of lines)?`,
		`config.yaml:5:3: inputs[0].multiline.pattern: unknown key; did you mean "multiline: {start: '^\[', continue: '^\s'}"?`,
		`config.yaml:6:3: inputs[0].scan_frequency: unknown key; files are found, followed over rotation and closed without options; remove it`,
		`config.yaml:7:3: inputs[0].codec: unknown key; did you mean "encoding" (the character set), or "format: json"?`,
		`config.yaml:8:3: inputs[0].tags: unknown key; did you mean "fields"?`,
		`config.yaml:8:9: inputs[0].tags: expected names with texts, found a list; write it like {service.name: shop, team: web}`,
		`config.yaml:8:9: inputs[0].tags: only "format: json" has fields; add that, or remove this key`,
		`config.yaml:9:3: inputs[0].read_from: unknown key; did you mean "start: beginning" or "start: end"?`)
	f(in("paths: [/a]\n  topic: a\n  multiline: {pattern: '^x', negate: true}"),
		`config.yaml:4:15: inputs[0].multiline.pattern: unknown key; did you mean "start" (lines that begin a record: negate true, match after) or "continue" (lines that belong to the one before: negate false, match after)?`,
		`config.yaml:4:30: inputs[0].multiline.negate: unknown key; say it with "start" or "continue"; remove it`)
	f(out("hosts: [a], topic: b, required_acks: -1, compression_type: gzip"),
		`config.yaml:2:19: outputs.kafka.hosts: unknown key; did you mean "brokers"?`,
		`config.yaml:2:31: outputs.kafka.topic: unknown key; a topic belongs to an input; write it there`,
		`config.yaml:2:41: outputs.kafka.required_acks: unknown key; every line is acknowledged by all copies in sync and counts once, without options; remove it`,
		`config.yaml:2:60: outputs.kafka.compression_type: unknown key; did you mean "compression"?`)
	f(top("data_dir: /x\nlogging: {level: debug}"),
		`config.yaml:3:1: data_dir: unknown key; did you mean "state_dir"?`,
		`config.yaml:4:1: logging: unknown key; it logs to standard error, which systemd's journal keeps; remove it`)

	f(in("paths: [/a]\n  topic: \"a-{x}\"\n  key: \"{y}\"\n  path_pattern: '/(?P<z>x)'\n  headers: {part: a, b: \"{c}\", host: yes}"),
		`config.yaml:3:10: inputs[0].topic: {x} is not known; there are {base}, {dir}, {hostname} and {z}`,
		`config.yaml:4:8: inputs[0].key: {y} is not known; there are {base}, {dir}, {path}, {hostname} and {z}`,
		`config.yaml:6:38: inputs[0].headers.host: expected true or false, found the text "yes"`)
	f(in("paths: [/a]\n  topic: \"{base}\"\n  headers: {part: a, b: \"{c}\"}"),
		`config.yaml:2:3: inputs[0].fallback_topic: missing: say where the lines of files go for whose path "{base}" gives no name, like "fallback_topic: logs"`,
		`config.yaml:4:12: inputs[0].headers.b: {c} is not known; there are {base}, {dir}, {path} and {hostname}; path_pattern can give more, like '^/var/log/(?P<service>[^/]+)/'`,
		`config.yaml:4:12: inputs[0].headers.part: tailrace sets this header itself where it is of use; take another name`)
	f(in("paths: [/a]\n  topic: a\n  path_pattern: '('"), `config.yaml:4:17: inputs[0].path_pattern: "(" is not a regular expression: at "(", a ( is not closed; for the character itself write \(`)
	f(in("paths: [/a]\n  topic: a\n  path_pattern: x\n  headers: path\n  partition: -1"),
		`config.yaml:4:17: inputs[0].path_pattern: it has no named group; write a regular expression as Go and RE2 have it, with named groups, like '^/var/log/(?P<service>[^/]+)/'`,
		`config.yaml:5:12: inputs[0].headers: expected names with values, found the text "path"; write it like {path: true, offset: true, env: prod}`,
		`config.yaml:6:14: inputs[0].partition: "-1" is not a whole number from 0 to 2147483647`)
	f(out("brokers: [a], partitioner: round_robin, delivery: at_least_once"),
		`config.yaml:2:46: outputs.kafka.partitioner: round_robin needs "delivery: exactly_once": without it, what comes last in a file may be acknowledged first, and the rest would not be sent again`)
	f(in("paths: [/a]\n  topic: a\n  time: {pattern: x, layout: '15:04'}"),
		`config.yaml:4:9: inputs[0].time: the pattern must have a group with the name time, like '^(?P<time>\S+)'`)
	f(in("paths: [/a]\n  topic: a\n  time: {pattern: '(?P<time>x)', layout: rfc3339}"),
		`config.yaml:4:9: inputs[0].time: the layout says how Mon Jan 2 15:04:05 2006 would be written, like "2006-01-02T15:04:05Z07:00"`)
	for layout, want := range map[string]string{
		"%Y-%m-%d %H:%M:%S": "2006-01-02 15:04:05", "%d/%b/%Y:%H:%M:%S %z": "02/Jan/2006:15:04:05 -0700", "%FT%TZ": "2006-01-02T15:04:05Z",
		"%Y-%m-%d": "2006-01-02", "yyyy-MM-dd HH:mm:ss,SSS": "2006-01-02 15:04:05,000", "yyyy-MM-dd''T''HH:mm:ssXXX": "2006-01-02T15:04:05Z07:00",
	} {
		f(in("paths: [/a]\n  topic: a\n  time: {pattern: '(?P<time>x)', layout: '"+layout+"'}"),
			fmt.Sprintf(`config.yaml:4:9: inputs[0].time: the layout %q is not one of Go: it says how Mon Jan 2 15:04:05 2006 would be written, like %q`, strings.ReplaceAll(layout, "''", "'"), want))
	}
	f(in("paths: [/a/**.log, /a/app**, '/a/**x**/b', '/a/app-%Y-%m-%d.log', '/a/%Y%m%dT%H.log', '/a/100%.log', '/a/**/b', '/a/**']\n  topic: logs-%Y.%m.%d\n  exclude: [/a/**.gz]"),
		`config.yaml:2:11: inputs[0].paths[0]: "/a/**.log": ** is directories of any depth only where it stands between two /, and * is any text within a name; write /a/**/*.log`,
		`config.yaml:2:22: inputs[0].paths[1]: "/a/app**": ** is directories of any depth only where it stands between two /, and * is any text within a name; write /a/app*`,
		`config.yaml:2:32: inputs[0].paths[2]: "/a/**x**/b": ** is directories of any depth only where it stands between two /, and * is any text within a name; write /a/**/*x*/b`,
		`config.yaml:2:46: inputs[0].paths[3]: "/a/app-%Y-%m-%d.log": dates are not filled in; write * for one: /a/app-*.log`,
		`config.yaml:2:69: inputs[0].paths[4]: "/a/%Y%m%dT%H.log": dates are not filled in; write * for one: /a/*.log`,
		`config.yaml:3:10: inputs[0].topic: Kafka has no topic "logs-%Y.%m.%d", and dates are not filled in: name one for all days, like logs`,
		`config.yaml:4:13: inputs[0].exclude[0]: "/a/**.gz": ** is directories of any depth only where it stands between two /, and * is any text within a name; write /a/**/*.gz`)
	f("inputs: [{paths: [/a], topic: a}]\noutput.kafka.hosts: [a]\n",
		`config.yaml:1:1: outputs: missing: say where the lines go, like "outputs: {kafka: {brokers: [localhost:9092]}}"`,
		`config.yaml:2:1: output.kafka.hosts: unknown key; a dot does not lead into a key; did you mean "outputs: {kafka: {brokers: [localhost:9092]}}"?`)
	f(in("paths: [/a]\n  topic: a\n  time: {pattern: '(?P<time>x)', layout: '15:04', timestamp: often}"),
		`config.yaml:4:62: inputs[0].time.timestamp: expected true or false, found the text "often"`)
	f(in("paths: [/a]\n  topic: a\n  time: {layout: '15:04'}"),
		`config.yaml:4:9: inputs[0].time: needs pattern and layout, like {pattern: '^(?P<time>\S+)', layout: "2006-01-02T15:04:05Z07:00"}`)
	two := "outputs: {main: {kafka: {brokers: [a]}}, other: {kafka: {brokers: [b], partitioner: manual}}}\n"
	f("inputs: [{paths: [/a], topic: a}, {paths: [/b], topic: b, output: man}, {paths: [/c], topic: c, output: other}]\n"+two,
		`config.yaml:1:10: inputs[0].output: missing: there are several outputs, say which: main, other`,
		`config.yaml:1:67: inputs[1].output: there is no output "man"; there are main, other`,
		`config.yaml:1:73: inputs[2].partition: missing: with "partitioner: manual" each input says where its lines go, like "partition: 0"`)
	f("inputs: [{paths: [/a], topic: a, output: main}]\noutputs: {kafka: {brokers: [a]}}\n",
		`config.yaml:1:42: inputs[0].output: there is one output; remove this key, or give the outputs names, like {main: {kafka: {…}}, other: {kafka: {…}}}`)
	f("inputs: [{paths: [/a], topic: a, output: x}]\noutputs: {x: {kafka: {brokers: [a]}}, 'y z': {kafka: {}}, z: {stdout: }}\n",
		`config.yaml:2:46: outputs.y z: "y z" cannot be the name of an output: letters, digits, _ and -, at most 64`,
		`config.yaml:2:54: outputs.y z.kafka.brokers: missing: say where Kafka is, like "brokers: [localhost:9092]"`,
		`config.yaml:2:62: outputs.z.kafka: missing: of several outputs each is a Kafka, like "kafka: {brokers: [localhost:9092]}"`,
		`config.yaml:2:63: outputs.z.stdout: unknown key; known here: kafka`)
	f(out("brokers: [a], partitioner: manual"),
		`config.yaml:1:10: inputs[0].partition: missing: with "partitioner: manual" each input says where its lines go, like "partition: 0"`)
	f("inputs: [{paths: [/a], topic: a, partition: 2, delete_after_ack: 1h}]\noutputs: {kafka: {brokers: [b], partitioner: round_robin}}\n",
		`config.yaml:1:45: inputs[0].partition: only with "partitioner: manual" in outputs.kafka the lines go to a partition of your choice; add that, or remove this key`,
		`config.yaml:1:66: inputs[0].delete_after_ack: with "partitioner: round_robin" what comes last in a file may be acknowledged first, and so it is not known when all of it is; remove one of them`)
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

	f(out("brokers: [b], delivery: at_most_once"),
		`config.yaml:2:43: outputs.kafka.delivery: "at_most_once" is not one of exactly_once, at_least_once; did you mean "at_least_once"?`)

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

	f(top("hold_deleted: 0\nmetrics: 9464"),
		`config.yaml:3:15: hold_deleted: 0 is too little: one unread file may be larger; write one like 1GiB, or remove the key for no limit`,
		`config.yaml:4:10: metrics: "9464" is not an address to listen at; write host:port, like localhost:9464`)
	f(top("metrics: a b:1"), `config.yaml:3:10: metrics: "a b:1": "a b" is not the name or address of this host; write host:port, like localhost:9464`)

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
		`config.yaml:3:1: x: unknown key; known here: buffer, hold_deleted, hostname, inputs, metrics, outputs, state_dir, sync`,
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
