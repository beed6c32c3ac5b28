package rotation

import (
	"path/filepath"
	"strings"

	"tailrace/inputs/tail/unpack"
)

// Roots is the paths that the file at path, or its plain form, may be at or rotated
// from, as far as its name says.
func Roots(path string) []string {
	path = unpack.Plain(path)
	out := []string{path}
	for _, name := range Originals(filepath.Base(path)) {
		out = append(out, filepath.Join(filepath.Dir(path), name))
	}
	return out
}

// CopyOf is the paths that the file at path may be a copy of, as far as its name says:
// those of app.log.bak.2 are app.log.bak, app.log and app, that of .app.log.x8Tq2Z,
// as rsync has it until it is whole, is app.log.
func CopyOf(path string) (out []string) {
	dir, name := filepath.Split(path)
	name = strings.TrimPrefix(name, ".")
	for i := len(name) - 1; i > 0; i-- {
		if strings.IndexByte("._-~ ", name[i]) >= 0 {
			out = append(out, filepath.Join(dir, name[:i]))
		}
	}
	return out
}
