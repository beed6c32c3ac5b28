package kafka

import (
	"encoding/json"
	"os"
	"testing"

	"tailrace/agent/deadletter"
)

// checkDeadLetter demands one dead letter with the line.
func checkDeadLetter(t *testing.T, path, line string) {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	var letter deadletter.Letter
	must(t, json.Unmarshal(text, &letter))
	if string(letter.Value) != line || letter.Topic != "logs" || letter.Path != "/var/log/a.log" || letter.Cause == "" {
		t.Errorf("dead letter %+v", letter)
	}
}
