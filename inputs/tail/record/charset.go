package record

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
)

// A charset is a character set that files can have.
type charset struct {
	name string
	enc  encoding.Encoding // nil: UTF-8
	// wide says that a newline has two bytes, and big that the first is 0.
	wide, big bool
	bom       bool // a byte order mark decides which it is
}

var utf16s = map[string]charset{
	"utf-16":   {name: "utf-16", wide: true, bom: true},
	"utf-16le": {name: "utf-16le", wide: true, enc: unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	"utf-16be": {name: "utf-16be", wide: true, big: true, enc: unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
}

func isUTF8(name string) bool {
	switch strings.ToLower(name) {
	case "", "utf-8", "utf8":
		return true
	}
	return false
}

// findCharset finds a character set by its name: those of IANA, and what
// browsers take. Only those are possible in which a newline is what it is in
// ASCII, whatever is before it.
func findCharset(name string) (charset, error) {
	if isUTF8(name) {
		return charset{name: "utf-8"}, nil
	}
	lower := strings.ReplaceAll(strings.ToLower(name), "_", "-")
	short := strings.Replace(lower, "utf16", "utf-16", 1)
	if c, ok := utf16s[strings.Replace(short, "utf-16-", "utf-16", 1)]; ok {
		return c, nil
	}
	enc, err := ianaindex.IANA.Encoding(name)
	if err != nil || enc == nil {
		enc, err = htmlindex.Get(lower)
	}
	if err != nil {
		return charset{}, fmt.Errorf("%q is not known; write a name like utf-8, utf-16, gbk, gb18030, big5, shift-jis, iso-8859-1 or windows-1252", name)
	}
	if !plainASCII(enc) {
		return charset{}, fmt.Errorf("%q is not possible: its newline cannot be told without what is before it", name)
	}
	return charset{name: lower, enc: enc}, nil
}

// plainASCII says whether ASCII is itself in enc, also behind what would
// shift its state.
func plainASCII(enc encoding.Encoding) bool {
	var ascii []byte
	for b := byte(0); b < 0x7f; b++ {
		ascii = append(ascii, b)
	}
	for _, p := range [][]byte{ascii, []byte("\x1b$B!!\n!!"), []byte("~{!!\n!!")} {
		text, err := enc.NewDecoder().Bytes(p)
		if err != nil || !bytes.Equal(text, p) {
			return false
		}
	}
	return true
}
