package config

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Encodings are the character sets that lines may be in. What is shipped is
// UTF-8, unless the encoding is: then it is the bytes as they are.
var Encodings = []string{
	"utf-8", "utf-16", "utf-16le", "utf-16be",
	"gbk", "gb18030", "big5", "shift-jis", "euc-jp", "euc-kr",
	"iso-8859-1", "iso-8859-2", "iso-8859-3", "iso-8859-4", "iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-8",
	"iso-8859-9", "iso-8859-10", "iso-8859-13", "iso-8859-14", "iso-8859-15", "iso-8859-16",
	"windows-874", "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254",
	"windows-1255", "windows-1256", "windows-1257", "windows-1258",
	"koi8-r", "koi8-u",
}

// otherNames are what the same encodings are called elsewhere.
var otherNames = map[string]string{
	"utf8": "utf-8", "ascii": "utf-8", "us-ascii": "utf-8", "plain": "utf-8",
	"utf16": "utf-16", "utf-16-le": "utf-16le", "utf-16-be": "utf-16be", "utf16le": "utf-16le", "utf16be": "utf-16be",
	"utf-16-bom": "utf-16", "utf-16le-bom": "utf-16", "utf-16be-bom": "utf-16", "unicode": "utf-16",
	"gb2312": "gbk", "cp936": "gbk", "hz-gb-2312": "gbk", "cp950": "big5",
	"sjis": "shift-jis", "shiftjis": "shift-jis", "cp932": "shift-jis", "windows-31j": "shift-jis", "ms932": "shift-jis", "eucjp": "euc-jp", "euckr": "euc-kr", "cp949": "euc-kr",
	"latin1": "iso-8859-1", "latin-1": "iso-8859-1", "latin9": "iso-8859-15",
	"cp1250": "windows-1250", "cp1251": "windows-1251", "cp1252": "windows-1252",
}

// encoding is a character set.
func (v value) encoding() (string, bool) {
	s, ok := v.text()
	if !ok {
		return "", false
	}
	name := strings.ReplaceAll(strings.ToLower(s), "_", "-")
	if slices.Contains(Encodings, name) {
		return name, true
	}
	near, ok := otherNames[name]
	if !ok {
		near, ok = Nearest(name, Encodings)
	}
	if ok {
		v.problem("%q is not an encoding known here; did you mean %q?", shorten(s), near)
	} else {
		v.problem("%q is not an encoding known here; known are %s", shorten(s), strings.Join(Encodings, ", "))
	}
	return "", false
}

// regexps is a list of regular expressions.
func (v value) regexps(example string) (all []string) {
	v.list(example, func(v value) {
		if s, ok := v.regexp(); ok {
			all = append(all, s)
		}
	})
	return all
}

// regexp is a regular expression as Go has them (RE2).
func (v value) regexp() (string, bool) {
	s, ok := v.text()
	if !ok {
		return "", false
	}
	if looksLikePath(s) {
		v.problem("\"%s\" looks like the path of files, which go under paths and exclude; here stands a regular expression of lines (for a line that begins so, write ^ before it)", shorten(s))
		return "", false
	}
	if _, err := regexp.Compile(s); err != nil {
		// Not %q: a \ must be seen as it is written.
		v.problem("\"%s\" is not a regular expression: %s", shorten(s), regexpText(err))
		return "", false
	}
	return s, true
}

// looksLikePath says that s is a pattern of files rather than of lines.
func looksLikePath(s string) bool {
	return strings.HasPrefix(s, "/") && (strings.Contains(s, "/*") || strings.HasSuffix(s, ".log") || strings.HasSuffix(s, "*.gz"))
}

// regexpText says what is wrong with a regular expression, and what to do.
func regexpText(err error) string {
	e, ok := errors.AsType[*syntax.Error](err)
	if !ok {
		return err.Error()
	}
	if strings.HasPrefix(e.Expr, "(?<=") || strings.HasPrefix(e.Expr, "(?<!") {
		e.Code = syntax.ErrInvalidPerlOp // Go takes it for a name
	}
	remedy := map[syntax.ErrorCode]string{
		syntax.ErrMissingRepeatArgument: `a *, + or ? needs something before it: any text is .*, the character itself \*`,
		syntax.ErrInvalidRepeatOp:       `two of *, + and ? follow each other; for the character itself write a \ before it`,
		syntax.ErrMissingBracket:        `a [ is not closed; for the character itself write \[`,
		syntax.ErrMissingParen:          `a ( is not closed; for the character itself write \(`,
		syntax.ErrUnexpectedParen:       `a ) is too many; for the character itself write \)`,
		syntax.ErrInvalidEscape:         `there is no such escape; for a \ itself write \\`,
		syntax.ErrTrailingBackslash:     `a \ stands at its end; for the character itself write \\`,
		syntax.ErrInvalidPerlOp:         `looking ahead or behind, (?=, (?!, (?<=, (?<!, is not possible here, nor are references back; say it without`,
		syntax.ErrInvalidRepeatSize:     `a number in { } is too large, at most 1000, or the first is larger than the second`,
		syntax.ErrInvalidCharRange:      `the range in [ ] runs backwards, or there is no such class`,
		syntax.ErrInvalidCharClass:      `there is no such class of characters`,
		syntax.ErrInvalidNamedCapture:   `a name in (?P<name> ) must be letters and digits, each once`,
		syntax.ErrInvalidUTF8:           `it is not UTF-8`,
		syntax.ErrNestingDepth:          `its parentheses are nested too deeply`,
		syntax.ErrLarge:                 `it is too large; use several`,
	}[e.Code]
	if remedy == "" {
		remedy = e.Code.String()
	}
	if e.Expr == "" {
		return remedy
	}
	return fmt.Sprintf("at \"%s\", %s", shorten(e.Expr), remedy)
}

// taken are the names that "format: json" uses itself.
var taken = []string{"@timestamp", "host.name", "log.file.path", "log.offset", "message", "stream"}

var fieldPattern = regexp.MustCompile(`^[A-Za-z_@][A-Za-z0-9_@-]*(\.[A-Za-z0-9_@-]+)*$`)

// fields is names and texts that are put into each object of "format: json".
// A name with dots stands for objects in objects.
func (v value) fields() map[string]string {
	node := v.resolve()
	if node.Kind != yaml.MappingNode {
		v.problem("expected names with texts, found %s; write it like {service.name: shop, team: web}", describe(node))
		return nil
	}
	out := map[string]string{}
	known := fields{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name := node.Content[i].Value
		at := value{l: v.l, file: v.file, key: join(v.key, name), node: node.Content[i]}
		known[name] = func(v value) {
			if problem := fieldProblem(name, out); problem != "" {
				at.problem("%s", problem)
			} else if v.resolve().Kind == yaml.MappingNode {
				v.problem("expected text, found keys with values; write their names with dots, like %s.name", name)
			} else if s, ok := v.text(); ok {
				out[name] = s
			}
		}
	}
	v.mapping(known, nil)
	return out
}

// fieldProblem says what is wrong with the name of a field beside others.
func fieldProblem(name string, others map[string]string) string {
	if !fieldPattern.MatchString(name) {
		return fmt.Sprintf("%q is not the name of a field: letters, digits, _ and -, with dots between the parts, like service.name", shorten(name))
	}
	within := func(a, b string) bool { return a == b || strings.HasPrefix(a, b+".") || strings.HasPrefix(b, a+".") }
	for _, own := range taken {
		if within(name, own) {
			return fmt.Sprintf("every object has %s already; choose another name, like labels.%s", own, name)
		}
	}
	for other := range others {
		if within(name, other) {
			return fmt.Sprintf("%s is given too, and one of them cannot be both a text and an object with the other in it; rename one", other)
		}
	}
	return ""
}
