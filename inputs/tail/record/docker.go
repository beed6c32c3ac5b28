package record

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// parseDocker reads a line of Docker's json-file driver. A "log" without a
// newline at its end goes on in the next line of the stream. Texts that need
// memory of their own are put into buf.
func parseDocker(p, buf []byte) (e entry, grown []byte, ok bool) {
	if e, buf, ok = dockerAsWritten(p, buf); ok {
		return e, buf, true
	}
	var v struct {
		Log    *string `json:"log"`
		Stream string  `json:"stream"`
		Time   string  `json:"time"`
	}
	if json.Unmarshal(p, &v) != nil || v.Log == nil || !isTime([]byte(v.Time)) {
		return entry{}, buf, false
	}
	if e.stream, ok = streamOf([]byte(v.Stream)); !ok {
		return entry{}, buf, false
	}
	e.time = []byte(v.Time)
	e.text, e.last = bytes.CutSuffix([]byte(*v.Log), newline)
	return e, buf, true
}

var newline = []byte("\n")

// dockerAsWritten reads a line in the very form that Docker gives it, ten
// times as fast as encoding/json; what is in another form it leaves to that.
func dockerAsWritten(p, buf []byte) (e entry, grown []byte, ok bool) {
	rest, ok1 := bytes.CutPrefix(p, []byte(`{"log":"`))
	rest, ok2 := bytes.CutSuffix(rest, []byte(`"}`))
	if !ok1 || !ok2 {
		return e, buf, false
	}
	var log []byte
	if log, rest, buf, ok = unquote(rest, buf[:0]); !ok {
		return e, buf, false
	}
	rest, ok1 = bytes.CutPrefix(rest, []byte(`,"stream":"`))
	name, when, ok2 := bytes.Cut(rest, []byte(`","time":"`))
	if !ok1 || !ok2 || !isTime(when) || bytes.ContainsAny(when, `"\`) || !plainText(when) {
		return e, buf, false
	}
	if e.stream, ok = streamOf(name); !ok {
		return e, buf, false
	}
	e.time = when
	e.text, e.last = bytes.CutSuffix(log, newline)
	return e, buf, true
}

// unquote reads the rest of a JSON string, up to its closing quote: in place
// when nothing in it is escaped, else into buf. It refuses what is rare.
func unquote(p, buf []byte) (text, rest, grown []byte, ok bool) {
	from := 0
	for {
		n := bytes.IndexByte(p[from:], '"')
		if n < 0 {
			return nil, nil, buf, false
		}
		part := p[from : from+n]
		slash := bytes.IndexByte(part, '\\')
		if slash < 0 {
			if !plainText(part) {
				return nil, nil, buf, false
			}
			if from == 0 {
				return part, p[n+1:], buf, true
			}
			buf = append(buf, part...)
			return buf, p[from+n+1:], buf, true
		}
		if !plainText(part[:slash]) {
			return nil, nil, buf, false
		}
		buf = append(buf, part[:slash]...)
		var size int
		if buf, size = unescape(buf, p[from+slash:]); size == 0 {
			return nil, nil, buf, false
		}
		from += slash + size
	}
}

// unescape reads one escape, and returns its size; 0: it is none, or a rare one.
func unescape(buf, p []byte) ([]byte, int) {
	if len(p) < 2 {
		return buf, 0
	}
	const escapes, bytes = `"\/nrt`, "\"\\/\n\r\t"
	for i := range escapes {
		if p[1] == escapes[i] {
			return append(buf, bytes[i]), 2
		}
	}
	if p[1] != 'u' || len(p) < 6 {
		return buf, 0
	}
	r := rune(0)
	for _, c := range p[2:6] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		default:
			return buf, 0
		}
	}
	if 0xd800 <= r && r < 0xe000 {
		return buf, 0 // half of a pair
	}
	return utf8.AppendRune(buf, r), 6
}

// plainText says whether p may be in a string of JSON as it is.
func plainText(p []byte) bool {
	ascii := true
	for _, c := range p {
		if c < ' ' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.Valid(p)
}
