package config

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Load reads the configuration at path, and conf.d/*.yaml beside it, which may
// add inputs. The error is Problems: all of them. Nothing but these files and
// the environment is looked at: that a path exists or a broker answers is not
// for Load to say.
func Load(path string) (*Config, error) {
	l := &loader{}
	if data, ok := l.read(path); ok {
		l.main(path, data)
	}
	for _, file := range l.confd(path) {
		if data, ok := l.read(file); ok {
			l.addition(file, data)
		}
	}
	return l.finish()
}

// loader gathers the configuration and its problems over all its files. One
// goroutine.
type loader struct {
	cfg      Config
	inputs   []input // as cfg.Inputs, with the places of their values
	main1    place   // where something that is missing is reported
	problems Problems
	expanded map[string]string // values of environment variables, which no problem shows, by their names
}

// place is where a value stands.
type place struct {
	file         string
	line, column int
	key          string
}

// report adds a problem at a place.
func (l *loader) report(at place, text string) {
	l.problems = append(l.problems, Problem{
		File: at.file, Line: at.line, Column: at.column, Key: at.key, Text: l.unexpanded(text),
	})
}

// leastSecret is how many bytes the value of a variable has at least that is not
// shown: the words of a problem must not be taken for a shorter one.
const leastSecret = 4

// unexpanded is a text in which ${NAME} stands for the values of variables: a
// password may be in one that is used at a wrong place.
func (l *loader) unexpanded(text string) string {
	names := slices.SortedFunc(maps.Keys(l.expanded), func(a, b string) int { // long ones first: others may be in them
		return cmp.Or(cmp.Compare(len(l.expanded[b]), len(l.expanded[a])), strings.Compare(a, b))
	})
	for _, name := range names {
		val := l.expanded[name]
		quoted := strconv.Quote(val)
		for _, s := range []string{val, quoted[1 : len(quoted)-1], shorten(val), strings.ToLower(val)} {
			if s = strings.TrimSuffix(s, "…"); len(s) >= leastSecret {
				text = strings.ReplaceAll(text, s, "${"+name+"}")
			}
		}
	}
	return text
}

// read returns what is in a file.
func (l *loader) read(file string) ([]byte, bool) {
	l.cfg.Files = append(l.cfg.Files, file)
	data, err := os.ReadFile(file)
	if err == nil {
		return data, true
	}
	text := "cannot be read: " + cause(err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text = "does not exist; write one, or name another with --config"
	case errors.Is(err, fs.ErrPermission):
		text = "may not be read by this user; run as root or as user tailrace, or change its owner or mode"
	}
	l.report(place{file: file}, text)
	return nil, false
}

// confd lists the files that add inputs, in the order of their names. Hidden
// files are what editors leave behind.
func (l *loader) confd(main string) []string {
	dir := filepath.Join(filepath.Dir(main), "conf.d")
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.cfg.Files = append(l.cfg.Files, dir)
		l.report(place{file: dir}, "cannot be listed: "+cause(err))
	}
	var files []string
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "."), e.IsDir():
		case strings.HasSuffix(name, ".yaml"):
			files = append(files, name)
		case strings.HasSuffix(name, ".yml"):
			l.cfg.Files = append(l.cfg.Files, name)
			l.report(place{file: name}, `would be ignored: only names ending in ".yaml" are read; rename it`)
		}
	}
	return files
}

// finish checks what concerns all files together.
func (l *loader) finish() (*Config, error) {
	if len(l.problems) == 0 && len(l.inputs) == 0 {
		at := l.main1
		at.key = "inputs"
		l.report(at, `missing: say what to ship, like "inputs: [{paths: [/var/log/app/*.log], topic: app}]"`)
	}
	l.checkPatterns()
	l.checkRoutes()
	if len(l.problems) > 0 {
		return nil, l.problems.sorted(l.cfg.Files)
	}
	for _, in := range l.inputs {
		l.cfg.Inputs = append(l.cfg.Inputs, in.Input)
	}
	cfg := l.cfg
	cfg.Files = slices.Clone(cfg.Files)
	return &cfg, nil
}

// cause is an error without the operation and path that fs puts before it.
func cause(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}
