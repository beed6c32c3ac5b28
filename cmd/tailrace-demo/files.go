package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/IBM/sarama"
)

// shipFiles ships files of the user's, which are only read, and returns nil if
// each could be put together again from the topic. Keep leaves the directory.
func shipFiles(ctx context.Context, scr *screen, names []string, keep bool) error {
	files, err := readOriginals(names)
	if err != nil {
		return err
	}
	var total int64
	patterns := make([]string, len(files))
	for i, f := range files {
		total += f.size
		patterns[i] = literal(f.path)
	}
	if total == 0 {
		return errors.New("no line in these files ends with a newline yet: there is nothing to ship")
	}
	f := &shipping{files: files, total: total, arrived: &arrivals{}}
	scr.event("files", "%d, %s bytes in whole lines, read once for their checksums", len(files), thousands(total))
	if f.stage, err = newStage(ctx, scr, keep, patterns, f.take); err != nil {
		return err
	}
	defer f.close()
	if err := f.startAgent("started"); err != nil {
		return err
	}
	if err := f.await(ctx); err != nil {
		return err
	}
	if err := f.agent.stop(stopLimit); err != nil {
		return err
	}
	f.event("agent", "stopped with SIGTERM, ended with status 0")
	return f.report(ctx)
}

// readOriginals reads all files, each once if it is named twice.
func readOriginals(names []string) ([]original, error) {
	var files []original
	var infos []os.FileInfo
next:
	for _, name := range names {
		path, err := filepath.Abs(name)
		if err != nil {
			return nil, err
		}
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, err
		}
		if !utf8.ValidString(path) {
			return nil, fmt.Errorf("%q is no UTF-8: a configuration cannot name it", path)
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		for _, other := range infos {
			if os.SameFile(info, other) {
				continue next
			}
		}
		f, err := readOriginal(path)
		if err != nil {
			return nil, err
		}
		files, infos = append(files, f), append(infos, info)
	}
	return files, nil
}

// literal is a pattern that matches the path alone.
func literal(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `{`, `\{`, `}`, `\}`).Replace(path)
}

// A shipping is one run of the demo over the user's files. It is for one
// goroutine, but for take.
type shipping struct {
	*stage
	files   []original
	total   int64 // bytes
	bytes   atomic.Int64
	arrived *arrivals
}

// take counts a record that arrived.
func (f *shipping) take(m *sarama.ConsumerMessage) {
	f.arrived.take(m)
	if _, _, data, err := origin(m); err == nil {
		f.bytes.Add(int64(len(data)))
	}
}

func (f *shipping) state() state {
	return state{
		written: f.total, topic: f.bytes.Load(), unit: "bytes",
		agent: f.agentState(), latest: f.arrived.latest(),
	}
}

// await waits until as many bytes arrived as the files have. If nothing comes
// for too long it gives up, and the count will tell.
func (f *shipping) await(ctx context.Context) error {
	have, since := int64(-1), time.Now()
	return f.wait(ctx, f.state, func() (time.Time, error) {
		n := f.bytes.Load()
		if n > have {
			have, since = n, time.Now()
		}
		if n >= f.total || time.Since(since) > patience {
			return time.Time{}, nil
		}
		return time.Now().Add(refresh / 10), nil
	})
}

// report reads the topic from its first record, puts each file together and
// compares the checksums.
func (f *shipping) report(ctx context.Context) error {
	if err := f.stopWatching(); err != nil {
		return err
	}
	f.event("count", "reading the topic from its first record, every partition")
	copies := make(map[string]*rebuilt)
	for _, o := range f.files {
		copies[o.path] = newRebuilt(o)
	}
	var records, strays int64
	var bad error
	err := f.reader.all(ctx, func(m *sarama.ConsumerMessage) {
		records++
		path, offset, data, err := origin(m)
		if err != nil {
			bad = err
		} else if r := copies[path]; r != nil {
			r.record(offset, data)
		} else {
			strays++
		}
	})
	if err == nil {
		err = bad
	}
	if err != nil {
		return err
	}
	exact := strays == 0
	for _, r := range copies {
		exact = exact && r.exact()
	}
	f.print(f.table(copies, records, strays))
	if !exact {
		return fmt.Errorf("%w; the agent%s", errInexact, f.agent.lastWords())
	}
	return nil
}

// table is what became of each file.
func (f *shipping) table(copies map[string]*rebuilt, records, strays int64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n  %s records in the topic. Each file put together again from them:\n\n", thousands(records))
	fmt.Fprintf(&b, "    %14s %12s  %-16s %-16s\n", "bytes", "lines", "SHA-256 on disk", "from the topic")
	for _, o := range f.files {
		r := copies[o.path]
		sum := fmt.Sprintf("%-16s", r.checksum()[:12])
		fmt.Fprintf(&b, "    %14s %12s  %-16s %s %s\n", thousands(o.size), thousands(o.lines), o.sum[:12], f.verdict(r.exact(), sum), clip(o.path, 80))
		if !r.exact() {
			fmt.Fprintf(&b, "    %14s missing bytes: %s, repeated records: %s\n", "", thousands(r.lost()), thousands(r.repeated))
		}
		if o.held > 0 {
			fmt.Fprintf(&b, "    %14s its last %s bytes have no newline yet: they are held until it comes\n", "", thousands(o.held))
		}
	}
	if strays > 0 {
		fmt.Fprintf(&b, "    records of other files: %s\n", thousands(strays))
	}
	b.WriteString("\n")
	return b.String()
}
