package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"github.com/bmatcuk/doublestar/v4"

	"tailrace/agent"
	"tailrace/agent/config"
	"tailrace/inputs/tail/pattern"
)

// files says for each input what it matches now, and which input takes what
// several match. Nothing is no problem: files may come later.
func (r *report) files(cfg *config.Config) {
	all := agent.Matches(cfg)
	for i := range cfg.Inputs {
		in := &cfg.Inputs[i]
		of := ""
		if in.Output != "" {
			of = " of output " + in.Output
		}
		r.line("\nTopic %s%s (%s):", in.Topic, of, in.At)
		var mine []pattern.Match
		for _, m := range all {
			if m.Input == i {
				mine = append(mine, m)
			}
		}
		for _, glob := range in.Paths {
			r.base(glob)
			r.line("  %s: %s now", glob, count(followed(mine, glob), "file"))
		}
		r.list(mine)
		r.taken(cfg, all, i)
	}
	r.unlisted(agent.Unlisted(cfg))
}

// unlisted names the directories that cannot be listed.
func (r *report) unlisted(dirs map[string]error) {
	if len(dirs) == 0 {
		return
	}
	r.line("")
	r.problem("Directories cannot be listed by %s (%d): let that user list and enter them (r and x)", userName(), len(dirs))
	for i, dir := range slices.Sorted(maps.Keys(dirs)) {
		if i == shown {
			r.line("  and %d more", len(dirs)-shown)
			break
		}
		r.line("  %s: %s%s", harmless(dir), reason(dirs[dir]), ownership(dir))
	}
}

// reason is an error without the name of the system call and the path.
func reason(err error) string {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	return err.Error()
}

// ownership is whose the file is, and its mode.
func ownership(name string) string {
	info, err := os.Stat(name)
	if err != nil {
		return ""
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf(" (owner %s, group %s, mode %s)", owner(stat.Uid), groupName(stat.Gid), info.Mode())
}

// base says what is wrong with the directory that a pattern begins with, or with a
// path that is one itself.
func (r *report) base(glob string) {
	if info, err := os.Stat(glob); err == nil && info.IsDir() {
		r.problem("  %s is a directory, and paths name files: write %s for those in it", glob, filepath.Join(glob, "*.log"))
	}
	base, _ := doublestar.SplitPattern(glob)
	if _, err := os.Stat(base); errors.Is(err, fs.ErrNotExist) {
		r.line("  (%s does not exist yet; its files are found when it does)", base)
	}
}

// followed counts the files that are followed because of a pattern.
func followed(files []pattern.Match, glob string) int {
	n := 0
	for _, m := range files {
		if m.Pattern == glob && m.Same == "" && m.Err == nil && !m.Older {
			n++
		}
	}
	return n
}

// list names the files of an input, and what is to be said of each.
func (r *report) list(files []pattern.Match) {
	var bad unreadable
	some := func(files []pattern.Match) {
		for _, m := range files[:min(shown, len(files))] {
			r.line("      %s%s", harmless(m.Path), remark(m))
		}
		if more := len(files) - shown; more > 0 {
			r.line("      and %d more", more)
		}
	}
	var good, odd []pattern.Match
	for _, m := range files {
		if m.Err != nil {
			odd = append(odd, m)
			continue
		}
		good = append(good, m)
		if m.Same == "" {
			bad.try(m.Path)
		}
	}
	some(good)
	if len(odd) > 0 {
		r.line("    matched, and not followed:")
		some(odd)
	}
	r.unreadable(bad)
}

// remark is what is special about a file.
func remark(m pattern.Match) string {
	switch {
	case m.Err != nil:
		return ": " + reason(m.Err)
	case m.Same != "":
		return " (the same file as " + harmless(m.Same) + ": read once)"
	case m.Older:
		return " (older than ignore_older: left alone until it grows)"
	case m.Link:
		return " (a link)"
	}
	return ""
}

// taken says which files input i matches too and does not get, since another
// comes first.
func (r *report) taken(cfg *config.Config, all []pattern.Match, i int) {
	taken := map[int][]pattern.Match{} // by the input that takes them
	for _, m := range all {
		if slices.Contains(m.Also, i) {
			taken[m.Input] = append(taken[m.Input], m)
		}
	}
	for _, first := range slices.Sorted(maps.Keys(taken)) {
		files, other := taken[first], &cfg.Inputs[first]
		text := fmt.Sprintf("%s, like %s", count(len(files), "file"), harmless(files[0].Path))
		if len(files) == 1 {
			text = harmless(files[0].Path)
		}
		if other.Topic == cfg.Inputs[i].Topic {
			r.line("  (the input at %s comes first and takes %s)", other.At, text)
			continue
		}
		r.problem("  %s: shipped to topic %s, since the input at %s comes first; each file goes to one topic, so exclude it in one of them",
			text, other.Topic, other.At)
	}
}

// unreadable is the files that cannot be opened, with the fix for each.
type unreadable struct{ fixes []string }

func (u *unreadable) try(name string) {
	f, err := os.Open(name)
	if err == nil {
		f.Close()
		return
	}
	u.fixes = append(u.fixes, fix(name, err))
}

// fix says why a file cannot be opened, and what would let this user.
func fix(name string, err error) string {
	if !errors.Is(err, fs.ErrPermission) {
		return err.Error()
	}
	user := userName()
	info, err := os.Stat(name)
	if err != nil {
		return name + ": its directory may not be entered by " + user
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if ok && info.Mode()&0o040 != 0 && stat.Gid != 0 {
		return fmt.Sprintf("%s%s: add %s to the file's group: usermod -aG %s %s", name, ownership(name), user, groupName(stat.Gid), user)
	}
	return fmt.Sprintf("%s%s: allow %s to read it: setfacl -m u:%s:r %s (and in what rotates it, the mode of new files)", name, ownership(name), user, user, strconv.Quote(name))
}

func (r *report) unreadable(u unreadable) {
	if len(u.fixes) == 0 {
		return
	}
	r.problem("  %s cannot be read by %s (the packaged service may read all logs; this is about this user):",
		count(len(u.fixes), "file"), userName())
	for _, line := range u.fixes[:min(shown, len(u.fixes))] {
		r.line("      %s", line)
	}
	if more := len(u.fixes) - shown; more > 0 {
		r.line("      and %d more", more)
	}
}

// userName is who runs this.
func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return strconv.Itoa(os.Geteuid())
}

func groupName(gid uint32) string {
	id := strconv.FormatUint(uint64(gid), 10)
	if g, err := user.LookupGroupId(id); err == nil {
		return g.Name
	}
	return id
}
