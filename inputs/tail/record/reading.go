package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
)

const (
	// containerLine is the longest line of a container's log in bytes that is
	// taken for what the runtime wrote: it breaks lines at 16 KiB, and JSON may
	// make six times as much of them.
	containerLine = 256 << 10
	// slack is how many bytes behind the longest line are looked at for the end
	// of a record that streams alternate in.
	slack = 128 << 10
	// silence is how many bytes of other streams may follow a multi-line record
	// until it is taken for complete.
	silence = 64 << 10
)

// A Reading is Options made ready to cut with. It is safe for any goroutine.
type Reading struct {
	o                Options
	spec             string
	charset          charset
	start, cont      *regexp.Regexp // nil: none
	when             *regexp.Regexp // nil: no time is looked for
	include, exclude []*regexp.Regexp
	maxLine          int
	fragment         int // the most bytes of a line that are taken at once
	maxLines         int
	object           *object // nil: the value is the text
}

// New returns the reading of options that Check finds right. An Encoding of
// utf-16 must have been resolved.
func New(o Options) (*Reading, error) {
	if bad := o.Check(); len(bad) > 0 {
		return nil, bad[0]
	}
	if o.ByMark() {
		return nil, errors.New("the byte order of utf-16 is not resolved")
	}
	r := &Reading{o: o.canonical()}
	spec, err := json.Marshal(r.o)
	if err != nil {
		return nil, err
	}
	r.spec = string(spec)
	r.charset, err = findCharset(o.Encoding)
	if err != nil {
		return nil, err
	}
	compile := func(text string) *regexp.Regexp {
		if text == "" {
			return nil
		}
		return regexp.MustCompile(text) // Check compiled it
	}
	r.start, r.cont = compile(o.Multiline.Start), compile(o.Multiline.Continue)
	r.when = compile(o.Time.Pattern)
	for _, text := range o.Include {
		r.include = append(r.include, regexp.MustCompile(text))
	}
	for _, text := range o.Exclude {
		r.exclude = append(r.exclude, regexp.MustCompile(text))
	}
	r.maxLine, r.maxLines = r.o.maxLine(), r.o.Multiline.MaxLines
	r.fragment = r.maxLine
	if o.Container != "" {
		r.fragment = max(r.maxLine, containerLine)
	}
	if o.Format == JSON {
		r.object = newObject(r.o)
	}
	return r, nil
}

// Parse returns the reading that has this Spec.
func Parse(spec string) (*Reading, error) {
	var o Options
	if err := json.Unmarshal([]byte(spec), &o); err != nil {
		return nil, fmt.Errorf("reading %q: %w", spec, err)
	}
	return New(o)
}

// canonical is o with its defaults, and without what does not change how bytes
// are cut.
func (o Options) canonical() Options {
	o.MaxLine = int64(o.maxLine())
	if isUTF8(o.Encoding) {
		o.Encoding = ""
	}
	o.Multiline.Quiet = 0
	if o.Multiline.On() && o.Multiline.MaxLines == 0 {
		o.Multiline.MaxLines = DefaultMaxLines
	}
	if o.LongLines == "" {
		o.LongLines = Split
	}
	if o.Format != JSON {
		o.Host = ""
	}
	return o
}

// Spec says in one text all that the records depend on beside the bytes.
func (r *Reading) Spec() string { return r.spec }

// Options is what the reading was made of, with the defaults.
func (r *Reading) Options() Options { return r.o }

// Window is how many bytes must be given to Cut at most until it uses some: for
// a record and as much of the next line as says whether that belongs to it.
func (r *Reading) Window() int {
	if r.Multiline() {
		return 2*r.fragment + slack
	}
	return r.fragment + slack
}

// Width is how many bytes a newline has.
func (r *Reading) Width() int {
	if r.charset.wide {
		return 2
	}
	return 1
}

// WholeLines says whether p, which begins with a line, ends with one.
func (r *Reading) WholeLines(p []byte) bool {
	for len(p) > 0 {
		n := r.newline(p)
		if n < 0 {
			return false
		}
		p = p[n+r.Width():]
	}
	return true
}

// Multiline says whether a record may have several lines.
func (r *Reading) Multiline() bool { return r.o.Multiline.On() }

// DeadLetter says whether lines that are too long are also kept elsewhere.
func (r *Reading) DeadLetter() bool { return r.o.LongLines == DeadLetter }

// Wait is how long nothing must come until the last record of a file is given;
// 0: it is complete with its line.
func (o Options) Wait() time.Duration {
	switch {
	case !o.Multiline.On():
		return 0
	case o.Multiline.Quiet == 0:
		return DefaultQuiet
	}
	return o.Multiline.Quiet
}

// ByMark says whether the first bytes of each file decide what its encoding is.
func (o Options) ByMark() bool {
	c, err := findCharset(o.Encoding)
	return err == nil && c.bom
}

// Resolve is o for a file that begins with these bytes; two are enough.
func (o Options) Resolve(first []byte) Options {
	if o.ByMark() {
		o.Encoding = "utf-16le"
		if len(first) >= 2 && first[0] == 0xfe && first[1] == 0xff {
			o.Encoding = "utf-16be"
		}
	}
	return o
}

// raw says that the text of a record is its bytes.
func (r *Reading) raw() bool { return r.charset.enc == nil && r.o.Container == "" }

// begins says whether a line begins a record.
func (r *Reading) begins(line []byte) bool {
	line = visible(line)
	if r.start != nil && r.start.Match(line) {
		return true
	}
	return r.cont != nil && !r.cont.Match(line)
}

// passes says whether a record is shipped.
func (r *Reading) passes(text []byte) bool {
	text = visible(text)
	for _, re := range r.exclude {
		if re.Match(text) {
			return false
		}
	}
	for _, re := range r.include {
		if re.Match(text) {
			return true
		}
	}
	return len(r.include) == 0
}

// visible is what a person sees of p, and what "^" and "$" are the ends of: not
// a byte order mark, and not the "\r" before the newline.
func visible(p []byte) []byte {
	p = bytes.TrimPrefix(p, byteOrderMark)
	if n := len(p); n > 0 && p[n-1] == '\r' {
		return p[:n-1]
	}
	return p
}

var byteOrderMark = []byte("\ufeff")

// newline is where the first newline of p is, which begins at a character; -1:
// there is none.
func (r *Reading) newline(p []byte) int {
	if !r.charset.wide {
		return bytes.IndexByte(p, '\n')
	}
	for i := range nextByte(p, '\n') {
		switch {
		case r.charset.big && i%2 == 1 && p[i-1] == 0:
			return i - 1
		case !r.charset.big && i%2 == 0 && i+1 < len(p) && p[i+1] == 0:
			return i
		}
	}
	return -1
}

// nextByte is where b is in p.
func nextByte(p []byte, b byte) iter.Seq[int] {
	return func(yield func(int) bool) {
		for at := 0; at < len(p); at++ {
			n := bytes.IndexByte(p[at:], b)
			if n < 0 || !yield(at+n) {
				return
			}
			at += n
		}
	}
}

// whole is how many bytes of p are whole characters, though there is more.
func (r *Reading) whole(p []byte) int {
	switch {
	case r.charset.wide:
		n := len(p) &^ 1
		high := n - 1
		if r.charset.big {
			high = n - 2
		}
		if n >= 4 && p[high]&0xfc == 0xd8 {
			n -= 2 // the first half of a pair
		}
		return n
	case r.charset.enc != nil:
		buf := make([]byte, 4*len(p)+16)
		_, n, _ := r.charset.enc.NewDecoder().Transform(buf, p, false)
		if n == 0 {
			return len(p)
		}
		return n
	}
	return WholeUTF8(p)
}

// WholeUTF8 is how many bytes of p, which is longer than a character, are whole
// characters of UTF-8, though there is more. What is not UTF-8 is whole.
func WholeUTF8(p []byte) int {
	for n := len(p) - 1; n >= max(0, len(p)-utf8.UTFMax); n-- {
		if utf8.RuneStart(p[n]) {
			if !utf8.FullRune(p[n:]) {
				return n
			}
			break
		}
	}
	return len(p)
}

// decoder is a fresh decoder, nil for UTF-8.
func (r *Reading) decoder() *encoding.Decoder {
	if r.charset.enc == nil {
		return nil
	}
	return r.charset.enc.NewDecoder()
}
