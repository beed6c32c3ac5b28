package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

func throughputMain(ctx context.Context, args []string) error {
	c := newCommon("bench")
	var all []string
	for _, c := range contenders {
		all = append(all, c.name)
	}
	megabytes := c.Int64("mb", 1000, "how much each contender ships, in `MB` (10^6 bytes)")
	runs := c.Int("runs", 1, "how often each contender runs; the table has the medians")
	codecs := c.String("codecs", "lz4", "`list` of none, gzip, snappy, lz4, zstd")
	only := c.String("only", strings.Join(all, ","), "`list` of contenders")
	settle := c.Duration("settle", 2*time.Second, "between two runs, for the broker to write and to delete")
	if err := c.parse(args); err != nil {
		return err
	}
	var list []contender
	for name := range strings.SplitSeq(*only, ",") {
		one, err := contenderByName(name)
		if err != nil {
			return fmt.Errorf("%w; there are: %s", err, strings.Join(all, ", "))
		}
		list = append(list, one)
	}
	var rows []row
	for codec := range strings.SplitSeq(*codecs, ",") {
		if _, err := (job{Codec: codec}).wireCodec(); err != nil {
			return err
		}
		for _, one := range list {
			if one.reads && slices.ContainsFunc(rows, func(r row) bool { return r.contender.name == one.name }) {
				continue // no codec makes a difference
			}
			rows = append(rows, row{contender: one, codec: codec})
		}
	}
	if *megabytes < 1 || *runs < 1 {
		return errors.New("--mb and --runs must be at least 1")
	}
	return c.with(ctx, func(b *bench) error {
		b.lines = *megabytes * 1e6 / lineSize
		if err := b.prepare(list); err != nil {
			return err
		}
		err := b.throughput(ctx, rows, *runs, *settle)
		return errors.Join(err, writeTable(os.Stdout, rows))
	})
}

// throughput runs every row in turn, that many times. Before, the first row
// runs once and is not counted: a broker that was just started is slow.
func (b *bench) throughput(ctx context.Context, rows []row, runs int, settle time.Duration) error {
	if _, err := b.run(ctx, rows[0].contender, rows[0].codec); err != nil {
		return err
	}
	for n := range runs {
		for i := range rows {
			r, err := b.run(ctx, rows[i].contender, rows[i].codec)
			if err != nil {
				return err
			}
			rows[i].results = append(rows[i].results, r)
			fmt.Fprintf(os.Stderr, "run %d of %d: %s, %s: %.0f lines/s, %.2f CPU-s per GB, %.0f MB\n",
				n+1, runs, rows[i].contender.name, rows[i].codec, r.linesPerSecond, r.cpuPerGB, r.peakMB)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(settle):
			}
		}
	}
	return nil
}
