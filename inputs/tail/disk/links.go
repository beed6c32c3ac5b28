package disk

import (
	"os"
	"path/filepath"
)

// LinksTo is the directories that hold the symbolic links by which paths lead to
// where they do: when one is switched, it happens there.
func LinksTo(paths []string) []string {
	var holders []string
	seen := map[string]bool{"/": true, ".": true}
	var visit func(path string)
	visit = func(path string) {
		if seen[path] {
			return
		}
		seen[path] = true
		dir := filepath.Dir(path)
		visit(dir)
		target, err := os.Readlink(path)
		if err != nil {
			return // no link
		}
		holders = append(holders, dir)
		if real, err := filepath.EvalSymlinks(dir); err == nil && !filepath.IsAbs(target) {
			target = filepath.Join(real, target)
		}
		visit(target)
	}
	for _, path := range paths {
		visit(path)
	}
	return holders
}
