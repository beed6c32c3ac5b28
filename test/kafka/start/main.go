// Command start runs a real Kafka broker until it is told to end: for scripts
// that need one.
//
//	go run ./test/kafka/start [--host ADDRESS] [--dir DIR] [--set KEY=VALUE]… [--topic NAME]…
//
// When the broker answers, one line "host:port" is printed. It ends at SIGINT,
// SIGTERM, or the end of its standard input when --stdin is given.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"tailrace/test/kafka"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	o := kafka.Options{Settings: map[string]string{}}
	var topics []string
	flag.StringVar(&o.Host, "host", "", "address to listen on (default 127.0.0.1)")
	flag.StringVar(&o.Dir, "dir", "", "folder for the data (default: a temporary one)")
	stdin := flag.Bool("stdin", false, "end at the end of the standard input")
	flag.Func("topic", "topic to create, with one partition", func(s string) error {
		topics = append(topics, s)
		return nil
	})
	flag.Func("set", "KEY=VALUE for server.properties", func(s string) error {
		key, value, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("not KEY=VALUE: %q", s)
		}
		o.Settings[key] = value
		return nil
	})
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	b, err := kafka.Start(ctx, o)
	if err != nil {
		return err
	}
	defer b.Close()
	for _, name := range topics {
		if err := b.CreateTopic(name, 1, nil); err != nil {
			return err
		}
	}
	fmt.Println(b.Addr)
	if *stdin {
		go func() {
			io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}
	<-ctx.Done()
	return nil
}
