package config

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tailrace/outputs/kafka/security"
)

const reference = "../../docs/configuration.md"

// readReference returns the reference.
func readReference(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Every example of the reference loads. Those of a part of the file are put
// where they belong.
func TestReferenceExamples(t *testing.T) {
	t.Setenv("KAFKA_PASSWORD", "hunter2")
	blocks := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllStringSubmatch(readReference(t), -1)
	if len(blocks) < 10 {
		t.Fatalf("%d examples", len(blocks))
	}
	for _, b := range blocks {
		text := b[1]
		has := func(key string) bool { return strings.Contains("\n"+text, "\n"+key+":") }
		top := false
		for _, key := range topKeys() {
			top = top || has(key)
		}
		if !top {
			if !has("paths") {
				text = "paths: [/a]\ntopic: a\n" + text
			}
			text = "inputs:\n- " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ") + "\n"
		}
		if !strings.Contains(text, "inputs:") {
			text += "inputs: [{paths: [/a], topic: a}]\n"
		}
		if !strings.Contains(text, "outputs:") {
			text += "outputs: {stdout: {}}\n"
		}
		if _, err := Load(write(t, map[string]string{"config.yaml": text})); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
	}
}

// topKeys is the keys of the whole file, as an unknown one is told.
func topKeys() []string {
	l := &loader{}
	l.main("x", []byte("? zzzzzzzzzz\n: 1\n"))
	return listed(l.problems[0].Text)
}

// listed is the keys in "unknown key; known here: a, b".
func listed(text string) []string {
	_, keys, _ := strings.Cut(text, "known here: ")
	return strings.Split(keys, ", ")
}

// The reference has a heading for each key, and none for what is no key.
func TestReferenceKeys(t *testing.T) {
	want := map[string]bool{"multiline.start": true, "multiline.continue": true, "multiline.quiet": true, "multiline.max_lines": true,
		"outputs.stdout": true, "outputs.kafka.brokers": true, "outputs.kafka.compression": true, "outputs.kafka.partitioner": true, "outputs.kafka.client_id": true,
		"outputs.kafka.delivery": true, "outputs.kafka.tls": true, "outputs.kafka.sasl": true,
		"tls.ca": true, "tls.certificate": true, "tls.key": true, "tls.server_name": true}
	for key := range saslFields(&security.SASL{}) {
		want["sasl."+key] = true
	}
	for key := range (&input{given: map[string]value{}}).fields() {
		want[key] = true
	}
	for _, key := range topKeys() {
		if key != "inputs" && key != "outputs" {
			want[key] = true
		}
	}
	got := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^(?:### |\\| )`([a-z_.]+)`(?:$| \\|)").FindAllStringSubmatch(readReference(t), -1) {
		if name := m[1]; want[name] || strings.HasPrefix(m[0], "###") {
			got[name] = true
		}
	}
	if a, b := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(a, b) {
		t.Errorf("the reference has %q,\nwant %q", a, b)
	}
}
