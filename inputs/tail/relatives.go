package tail

import (
	"path/filepath"
	"slices"
	"strings"

	"tailrace/inputs/tail/unpack"
)

// relativesMax is how many known files of one path relatives takes.
const relativesMax = 64

// relatives is the known files that the name of e relates it to: a path that it is
// at, or may be rotated from, and all that may be rotated from one of these, or
// that was renamed to one by hand; no more than the newest relativesMax of each.
func (in *Input) relatives(e entry) []*file {
	if in.families == nil {
		in.families = map[string][]*file{}
		for _, f := range in.files {
			in.addRelative(f)
		}
		for _, files := range in.families {
			slices.SortFunc(files, olderFile)
		}
	}
	paths := append(roots(e.path), copyNames(e.path)...)
	if path, ok := in.kinOf(filepath.Dir(e.path), e); ok {
		paths = append(paths, path)
	}
	var out []*file
	for _, path := range paths {
		files := in.families[path]
		for _, f := range files[max(0, len(files)-relativesMax):] {
			if !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	return out
}

// roots is the paths that the file at path, or its plain form, may be at or rotated
// from, as far as its name says.
func roots(path string) []string {
	path = unpack.Plain(path)
	out := []string{path}
	for _, name := range originals(filepath.Base(path)) {
		out = append(out, filepath.Join(filepath.Dir(path), name))
	}
	return out
}

// copyNames is the paths that the file at path may be a copy of, as far as its name says:
// those of app.log.bak.2 are app.log.bak, app.log and app, that of .app.log.x8Tq2Z,
// as rsync has it until it is whole, is app.log.
func copyNames(path string) (out []string) {
	dir, name := filepath.Split(path)
	name = strings.TrimPrefix(name, ".")
	for i := len(name) - 1; i > 0; i-- {
		if strings.IndexByte("._-~ ", name[i]) >= 0 {
			out = append(out, filepath.Join(dir, name[:i]))
		}
	}
	return out
}

// addRelative has f found by relatives.
func (in *Input) addRelative(f *file) {
	for _, path := range roots(f.path) {
		in.families[path] = append(in.families[path], f)
	}
	in.addMoved(f)
}

// addMoved has f found by what its present name relates it to.
func (in *Input) addMoved(f *file) {
	if path := unpack.Plain(f.now); in.families != nil && !slices.Contains(in.families[path], f) {
		in.families[path] = append(in.families[path], f)
	}
}
