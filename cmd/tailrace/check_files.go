package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/user"
	"slices"
	"strconv"
	"syscall"

	"github.com/bmatcuk/doublestar/v4"

	"tailrace/agent"
	"tailrace/agent/config"
	"tailrace/inputs/tail"
)

// files says for each input what it matches now, and which input takes what
// several match. Nothing is no problem: files may come later.
func (r *report) files(cfg *config.Config) {
	all := agent.Matches(cfg)
	for i := range cfg.Inputs {
		in := &cfg.Inputs[i]
		r.line("\nTopic %s (%s):", in.Topic, in.At)
		var mine []tail.Match
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
}

// base says what is wrong with the directory that a pattern begins with.
func (r *report) base(glob string) {
	base, _ := doublestar.SplitPattern(glob)
	switch _, err := os.ReadDir(base); {
	case errors.Is(err, fs.ErrNotExist):
		r.line("  (%s does not exist yet; its files are found when it does)", base)
	case errors.Is(err, fs.ErrPermission):
		r.problem("  %s: this directory may not be listed by %s", base, userName())
	}
}

// followed counts the files that are followed because of a pattern.
func followed(files []tail.Match, glob string) int {
	n := 0
	for _, m := range files {
		if m.Pattern == glob && m.Same == "" && m.Err == nil && !m.Older {
			n++
		}
	}
	return n
}

// list names the files of an input, and what is to be said of each.
func (r *report) list(files []tail.Match) {
	var bad unreadable
	for i, m := range files {
		if i < shown {
			r.line("      %s%s", harmless(m.Path), remark(m))
		}
		if m.Err == nil && m.Same == "" {
			bad.try(m.Path)
		}
	}
	if more := len(files) - shown; more > 0 {
		r.line("      and %d more", more)
	}
	r.unreadable(bad)
}

// remark is what is special about a file.
func remark(m tail.Match) string {
	switch {
	case m.Err != nil:
		return " (not followed: " + m.Err.Error() + ")"
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
func (r *report) taken(cfg *config.Config, all []tail.Match, i int) {
	taken := map[int][]tail.Match{} // by the input that takes them
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
		return fmt.Sprintf("%s: add %s to the file's group: usermod -aG %s %s", name, user, groupName(stat.Gid), user)
	}
	return fmt.Sprintf("%s: allow %s to read it: setfacl -m u:%s:r %s (and in what rotates it, the mode of new files)", name, user, user, strconv.Quote(name))
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
