package config

import (
	"fmt"
	"strings"
)

// foreign is what Filebeat, Fluent Bit, Vector, the OpenTelemetry Collector,
// rsyslog and Kafka's own clients call the options of one mapping: people who
// come from there write these words first. Its keys are in lower case, with _
// for -.
type foreign map[string]hint

// hint says what to write instead.
type hint struct {
	key  string // whose value it is, so that this is not reported as missing; or ""
	text string
}

// find is the hint for a word.
func (f foreign) find(name string) (hint, bool) {
	name = strings.ReplaceAll(strings.ToLower(name), "-", "_")
	h, ok := f[name]
	return h, ok
}

// words is hints that all say the same.
func (f foreign) words(h hint, words string) {
	for word := range strings.FieldsSeq(words) {
		f[word] = h
	}
}

func meant(key string) hint { return hint{key, fmt.Sprintf("did you mean %q?", key)} }

func instead(format string, args ...any) hint { return hint{"", fmt.Sprintf(format, args...)} }

var (
	foreignTop       = topWords()
	foreignInput     = inputWords()
	foreignMultiline = multilineWords()
	foreignOutputs   = outputWords()
	foreignKafka     = kafkaWords()
	foreignTLS       = tlsWords()
	foreignSASL      = saslWords()
)

func topWords() foreign {
	f := foreign{}
	f.words(meant("inputs"), "filebeat.inputs sources receivers filelog scrape_configs")
	f.words(meant("outputs"), "sinks exporters")
	f.words(instead(`a dot does not lead into a key; did you mean "outputs: {kafka: {brokers: [localhost:9092]}}"?`),
		"output.kafka output.kafka.hosts output.kafka.brokers outputs.kafka outputs.kafka.hosts outputs.kafka.brokers kafka.hosts kafka.brokers")
	f.words(instead(`did you mean "inputs: [{paths: [/var/log/app/*.log], topic: app}]"?`), "filebeat fluentd vector")
	f.words(meant("state_dir"), "data_dir registry path.data filebeat.registry.path filebeat.registry db positions storage workdirectory")
	f.words(meant("buffer"), "mem_buf_limit queue queue.mem memory_limiter")
	f.words(meant("hostname"), "host name host_name")
	f.words(meant("metrics"), "prometheus telemetry http http.host metrics_address")
	f.words(meant("hold_deleted"), "max_deleted deleted_limit")
	f.words(instead("it logs to standard error, which systemd's journal keeps; remove it"), "logging log log_level logging.level")
	f.words(instead("lines are shipped as they are; parse them behind Kafka, so remove it"), "processors transforms filters filter parsers parser pipeline")
	return f
}

func inputWords() foreign {
	f := foreign{}
	f.words(meant("paths"), "path file files filename file_path __path__ globs glob")
	f.words(meant("exclude"), "exclude_files exclude_paths exclude_path exclude_file ignore")
	f.words(instead(`did you mean "paths" (patterns of files) or "include_lines" (regular expressions of lines)?`), "include")
	f.words(meant("include_lines"), "include_line include_pattern include_patterns include_regex match grep")
	f.words(meant("exclude_lines"), "exclude_line exclude_pattern exclude_patterns exclude_regex drop")
	f.words(instead(`did you mean "multiline: {start: '^\[', continue: '^\s'}"?`),
		"multiline.pattern multiline.negate multiline.match multiline.type multiline.start_pattern multiline.condition_pattern "+
			"multiline.mode multiline.parser multiline.firstline multiline_pattern multi_line startmsg.regex recombine")
	f.words(instead(`did you mean "multiline: {quiet: 1s}"?`), "multiline.timeout multiline.timeout_ms multiline.flush_timeout flush_timeout force_flush_period multiline_flush_interval")
	f.words(instead(`did you mean "multiline: {max_lines: 500}"?`), "multiline.max_lines")
	f.words(meant("encoding"), "charset encoding.charset")
	f.words(instead(`did you mean "encoding" (the character set), or "format: json"?`), "codec")
	f.words(meant("max_line"), "max_bytes max_line_bytes max_line_size max_log_size max_record_size message_max_bytes maxlinesize buffer_max_size line_max")
	f.words(instead(`did you mean "long_lines: %s"?`, Truncate), "skip_long_lines truncate_long_lines")
	f.words(meant("fields"), "tags labels attributes resource add_fields fields_under_root static_labels")
	f.words(instead(`did you mean "format: json"? It gives one object per line with time, host, path, offset and the message`), "json output_format")
	f.words(instead(`did you mean "container: cri" or "container: docker"?`), "docker cri docker_mode kubernetes cri_flags stream")
	f.words(instead(`did you mean "ignore_older: 7d"?`), "ignore_older_secs exclude_older_than ignore_inactive older_than")
	f.words(meant("close_idle"), "close_inactive close_timeout idle_timeout close_older")
	f.words(instead(`did you mean "delete_after_ack: 1h"?`), "remove_after_secs delete_after_read delete_after delete remove_after")
	f.words(instead(`did you mean "start: %s"?`, End), "tail_files freshstarttail initial_tail_from_end")
	f.words(instead(`did you mean "start: %s" or "start: %s"?`, Beginning, End), "read_from start_at read_from_head from_beginning ignore_checkpoints initial_position")
	f.words(meant("topic"), "tag topic_id topic_name kafka_topic")
	f.words(instead("files are found, followed over rotation and closed without options; remove it"),
		"close_renamed close_removed close_eof clean_inactive clean_removed scan_frequency harvester_limit harvester_buffer_size "+
			"refresh_interval rotate_wait poll_interval backoff max_backoff symlinks recursive_glob file_identity fingerprint fingerprint_size "+
			"glob_minimum_cooldown_ms oldest_first max_read_bytes line_delimiter inotify_watcher static_batch_size reopenontruncate read_mode readmode")
	f.words(meant("key"), "partition_key message_key key_field key_template")
	f.words(meant("headers"), "header record_headers add_headers")
	f.words(meant("path_pattern"), "path_regex topic_regex match_regex tag_regex")
	f.words(meant("fallback_topic"), "default_topic")
	f.words(instead(`every record has the headers path and offset, see "headers"; remove it`),
		"path_key offset_key host_key file_key include_file_path include_file_name include_file_path_resolved include_file_record_offset")
	f.words(instead("lines are shipped as they are; parse them behind Kafka, so remove it"),
		"parser parsers processors operators pipeline pipeline_stages transforms filters grok regex ndjson")
	f.words(instead("there is one kind of input, and no names; remove it"), "type id name enabled input_type plugin")
	return f
}

func multilineWords() foreign {
	f := foreign{}
	f.words(hint{"start", `did you mean "start" (lines that begin a record: negate true, match after) or "continue" (lines that belong to the one before: negate false, match after)?`}, "pattern regex")
	f.words(meant("start"), "start_pattern line_start_pattern firstline first_line startmsg.regex begin")
	f.words(meant("continue"), "condition_pattern cont continuation continue_pattern")
	f.words(instead(`say it with "start" or "continue"; remove it`), "negate match mode type what line_end_pattern flush_pattern parser omit_pattern")
	f.words(instead(`did you mean "quiet: 1s"?`), "timeout timeout_ms flush_timeout flush_ms max_wait_time force_flush_period")
	f.words(instead("max_line of the input bounds a record; remove it"), "max_bytes max_size max_line max_log_size")
	return f
}

func outputWords() foreign {
	f := foreign{}
	f.words(meant("kafka"), "output.kafka broker brokers")
	f.words(meant("stdout"), "console print")
	f.words(instead("lines go to Kafka, or to stdout to try things out; remove it"), "elasticsearch logstash loki file http syslog otlp s3")
	return f
}

func kafkaWords() foreign {
	f := foreign{}
	f.words(meant("brokers"), "hosts bootstrap_servers bootstrap.servers servers metadata.broker.list broker_list seed_brokers broker")
	f.words(meant("compression"), "compression_type compression.type compression.codec compression_codec codec")
	f.words(meant("client_id"), "client.id")
	f.words(instead("a topic belongs to an input; write it there"), "topic topics")
	f.words(instead(`a key belongs to an input; write it there`), "key partition_key message_key key_field")
	f.words(instead("every line is acknowledged by all copies in sync and counts once, without options; remove it"),
		"acks required_acks request.required.acks enable.idempotence idempotence retries max_in_flight")
	f.words(meant("delivery"), "delivery_guarantee guarantee processing_guarantee")
	f.words(instead("batches are made as the lines come, without options; remove it"),
		"batch_size batch.size linger linger_ms linger.ms bulk_max_size max_message_bytes queue_size flush flush_interval")
	f.words(meant("tls"), "ssl tls_config transport_encryption ssl.ca.location ssl.certificate.location")
	f.words(instead(`did you mean "sasl: {mechanism: scram-sha-512, username: …, password_file: …}"?`),
		"username password user auth authentication sasl.mechanism sasl.mechanisms sasl_mechanism sasl.username sasl.password sasl.jaas.config kerberos")
	f.words(instead(`did you mean "tls: true" (for SSL and SASL_SSL) and "sasl: {mechanism: scram-sha-512, …}" (for SASL_SSL and SASL_PLAINTEXT)?`),
		"security_protocol security.protocol protocol")
	f.words(instead("it is found out from the brokers; remove it"), "version protocol_version")
	f.words(instead(`with "partitioner: manual" each input says its partition; write it there`), "partition")
	f.words(meant("partitioner"), "partition_strategy partitioner_class partitioner.class partition.hash partition_by")
	return f
}
