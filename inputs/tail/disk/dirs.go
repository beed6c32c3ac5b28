package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Names is what a directory holds, each sorted.
type Names struct{ Others, Links, Dirs []string }

// Names reads a directory. One that does not exist is empty.
func (d *Disk) Names(dir string) (Names, error) {
	var n Names
	if err := d.Enter("list", dir); err != nil {
		return n, err
	}
	ents, err := os.ReadDir(dir)
	if err != nil && !IsMissing(err) {
		return n, err
	}
	for _, e := range ents {
		switch t := e.Type(); {
		case t.IsDir():
			n.Dirs = append(n.Dirs, e.Name())
		case t&fs.ModeSymlink != 0:
			n.Links = append(n.Links, e.Name())
		default:
			n.Others = append(n.Others, e.Name())
		}
	}
	return n, nil
}

// Loose is the links in a directory that lead to nothing.
func (d *Disk) Loose(dir string) (out []Oddity) {
	n, _ := d.Names(dir) // it was listed just now
	for _, name := range n.Links {
		if _, err := d.Stat(filepath.Join(dir, name)); IsMissing(err) {
			target, _ := os.Readlink(filepath.Join(dir, name))
			out = append(out, Oddity{name, errors.New("it is a symbolic link to " + target + ", where nothing is")})
		}
	}
	return out
}

// Subdirs is the directories in dir. Links to directories are among them when
// they are asked for and may be followed; "**" goes without, since they may
// lead round in a circle.
func (d *Disk) Subdirs(dir string, links bool) ([]string, error) {
	n, err := d.Names(dir)
	if err != nil || !links {
		return n.Dirs, err
	}
	for _, name := range n.Links {
		if st, err := os.Stat(filepath.Join(dir, name)); err == nil && st.IsDir() && d.mayFollow(filepath.Join(dir, name)) {
			n.Dirs = append(n.Dirs, name)
		}
	}
	return n.Dirs, nil
}
