package rotation

import (
	"path/filepath"
	"strings"
)

// Numbered is the name in dir, before rest, in which the place of what was at path
// differs by a number: from where the link leads now, or from where that is now, at was,
// which was at path before.
func Numbered(was, path string) (dir, name, rest string, ok bool) {
	if _, rotated := Parse(filepath.Base(path), filepath.Base(was)); rotated && filepath.Dir(was) == filepath.Dir(path) {
		return "", "", "", false // as nearly always
	}
	was, err := filepath.EvalSymlinks(was)
	now, err2 := filepath.EvalSymlinks(path)
	if err != nil || err2 != nil {
		return "", "", "", false
	}
	if now != path {
		if dir, name, rest, ok = inOneNumber(was, now); ok {
			return dir, name, rest, true
		}
	}
	dir, name = filepath.Split(was)
	_, rotated := Parse(filepath.Base(path), name)
	return dir, name, "", !rotated && WithoutNumber(name) != name
}

// inOneNumber says that two paths differ in one name, and in that by its digits alone:
// dir is before it and rest behind it; name is that of b.
func inOneNumber(a, b string) (dir, name, rest string, ok bool) {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	if len(x) != len(y) {
		return
	}
	for i := range x {
		if x[i] == y[i] {
			continue
		}
		if ok || WithoutNumber(x[i]) != WithoutNumber(y[i]) {
			return "", "", "", false
		}
		dir, name, rest, ok = "/"+filepath.Join(y[:i]...), y[i], filepath.Join(y[i+1:]...), true
	}
	return dir, name, rest, ok
}

// WithoutNumber is a name without its digits.
func WithoutNumber(name string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return -1
		}
		return r
	}, name)
}
