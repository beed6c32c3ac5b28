package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"slices"
	"strconv"
	"syscall"

	"github.com/bmatcuk/doublestar/v4"

	"tailrace/agent/config"
)

// files says for each input what it matches now. Nothing is no problem: files
// may come later.
func (r *report) files(cfg *config.Config) {
	owner := map[string]*config.Input{} // of each file, the first input that matches it
	for i := range cfg.Inputs {
		in := &cfg.Inputs[i]
		r.line("\nTopic %s (%s):", in.Topic, in.At)
		var bad unreadable
		for _, glob := range in.Paths {
			names := r.match(glob, in)
			r.line("  %s: %s now", glob, count(len(names), "file"))
			for _, name := range names {
				r.owned(owner, name, in)
				bad.try(name)
			}
		}
		r.unreadable(bad)
	}
}

// match lists the files of a pattern that are not excluded.
func (r *report) match(glob string, in *config.Input) []string {
	base, _ := doublestar.SplitPattern(glob)
	switch _, err := os.ReadDir(base); {
	case errors.Is(err, fs.ErrNotExist):
		r.line("  (%s does not exist yet; its files are found when it does)", base)
	case errors.Is(err, fs.ErrPermission):
		r.problem("  %s: this directory may not be listed by %s", base, userName())
	}
	names, err := doublestar.FilepathGlob(glob, doublestar.WithFilesOnly())
	if err != nil {
		r.problem("  %s: %v", glob, err)
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		_, ok := in.Match(name)
		info, err := os.Stat(name)
		return !ok || err == nil && !info.Mode().IsRegular()
	})
	slices.Sort(names)
	return names
}

// owned reports a file that two inputs send to different topics.
func (r *report) owned(owner map[string]*config.Input, name string, in *config.Input) {
	first, ok := owner[name]
	switch {
	case !ok:
		owner[name] = in
	case first.Topic != in.Topic:
		r.problem("  %s also goes to topic %s (%s), and each file goes to one topic: exclude it in one of them", name, first.Topic, first.At)
	}
}

// unreadable is the files that cannot be opened, with the fix for each.
type unreadable struct {
	seen  map[string]bool
	fixes []string
}

func (u *unreadable) try(name string) {
	if u.seen[name] {
		return
	}
	if u.seen == nil {
		u.seen = map[string]bool{}
	}
	u.seen[name] = true
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
