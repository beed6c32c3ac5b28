package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/IBM/sarama"
)

// printer prints messages, each at once. One goroutine.
type printer struct {
	out     *bufio.Writer
	json    bool
	escape  bool // on a terminal: what is in a log must not steer it
	printed int
}

func newPrinter(out io.Writer, json bool) *printer {
	return &printer{out: bufio.NewWriter(out), json: json, escape: isTerminal(out)}
}

// isTerminal reports whether a person looks at w.
func isTerminal(w io.Writer) bool {
	if c, ok := w.(*checked); ok {
		w = c.Writer
	}
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (p *printer) print(m *sarama.ConsumerMessage) error {
	var err error
	if p.json {
		err = p.asJSON(m)
	} else {
		_, err = fmt.Fprintf(p.out, "%d/%d\t%s\t%s\n", m.Partition, m.Offset, p.text(m.Key), p.text(m.Value))
	}
	if err != nil {
		return err
	}
	p.printed++
	return p.out.Flush()
}

// text is a key or value for people: the bytes as they are, or on a terminal
// without what would steer it.
func (p *printer) text(b []byte) string {
	if !p.escape {
		return string(b)
	}
	return harmless(string(b))
}

// harmless is s without what would steer a terminal.
func harmless(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return '\uFFFD'
		}
		return r
	}, s)
}

// message is the JSON object of one message. What is not UTF-8 text is in
// base64, under a name that says so.
type message struct {
	Topic       string      `json:"topic"`
	Partition   int32       `json:"partition"`
	Offset      int64       `json:"offset"`
	Time        time.Time   `json:"time"`
	Key         *string     `json:"key"`
	KeyBase64   string      `json:"key_base64,omitempty"`
	Value       *string     `json:"value"`
	ValueBase64 string      `json:"value_base64,omitempty"`
	Headers     headersJSON `json:"headers"`
}

func (p *printer) asJSON(m *sarama.ConsumerMessage) error {
	o := message{
		Topic: m.Topic, Partition: m.Partition, Offset: m.Offset, Time: m.Timestamp.UTC(),
		Headers: headersJSON(m.Headers),
	}
	o.Key, o.KeyBase64 = textOrBase64(m.Key)
	o.Value, o.ValueBase64 = textOrBase64(m.Value)
	enc := json.NewEncoder(p.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(o)
}

// textOrBase64 is nil and "" for no bytes at all.
func textOrBase64(b []byte) (text *string, encoded string) {
	if b == nil {
		return nil, ""
	}
	if utf8.Valid(b) {
		s := string(b)
		return &s, ""
	}
	return nil, base64.StdEncoding.EncodeToString(b)
}

// headersJSON is an object with the headers in their order. A header may come
// more than once.
type headersJSON []*sarama.RecordHeader

// MarshalJSON shows values as text; bytes that are no text become U+FFFD.
func (hs headersJSON) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, h := range hs {
		if i > 0 {
			b = append(b, ',')
		}
		key, err := json.Marshal(string(h.Key))
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(string(h.Value))
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, key...), ':'), value...)
	}
	return append(b, '}'), nil
}
