package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"tailrace/test/port"
)

// What is no file is told with what it is and what to do.
func TestExplainOddPaths(t *testing.T) {
	p := newPlace(t, port.Held(t).Addr)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(p.dir, name) }
	must(syscall.Mkfifo(at("pipe.log"), 0o644))
	must(os.Mkdir(at("dir.log"), 0o755))
	must(os.Symlink("nothing", at("loose.log")))
	must(os.Symlink(p.dir, p.dir+"2"))
	p.write("app.log", "1\n")
	p.write("app.log.1", "0\n")
	f := func(path string, says ...string) {
		t.Helper()
		p.until(says, "explain", path)
	}
	f(at("pipe.log"), " is not followed: it is a named pipe,", "have what writes to it write to a file\n")
	f(at("dir.log"), " is a directory\n", "what is in it is followed when a pattern matches that\n", "  with no files now\n")
	f(at("loose.log"), " is a symbolic link that leads to nothing. When it leads to a file, its lines will go to topic app\n")
	f(p.dir+"2/app.log", " is not followed under this name, but as "+at("app.log"))
	f(at("app.log.1"), "By its name it is a rotated file of "+at("app.log"), "it was there before, or has not been seen yet.\n")
	f(p.dir, "  app.log.1  a rotated file of app.log by its name", "  loose.log  a link that leads to nothing\n", "  pipe.log  not a regular file\n")
	f(p.dir+"/../logs//app.log/", at("app.log")+" will be followed")
	f(at("no/app.log"), " is not followed: no pattern", "  Missing:  "+at("no")+" does not exist\n")
}
