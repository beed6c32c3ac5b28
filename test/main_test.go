package test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tailrace/test/kafka"
)

const host = "web-1" // the agent's host name in all tests

// The binary and a broker that any test may use that does not hurt it are made
// when the first test asks.
var (
	binary = sync.OnceValues(build)
	shared = sync.OnceValues(func() (*kafka.Broker, error) {
		return kafka.Start(context.Background(), kafka.Options{Settings: quietBroker})
	})
	scratch string      // folder for the binary
	opened  atomic.Bool // shared was called
)

// quietBroker makes topics only when they are asked for.
var quietBroker = map[string]string{"auto.create.topics.enable": "false"}

// together is how many tests run at a time: most of them mostly wait.
const together = "8"

func TestMain(m *testing.M) {
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		parallel.Value.Set(together)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "tailrace-test-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	defer func() {
		if !opened.Load() {
			return
		}
		if b, err := shared(); err == nil {
			b.Close()
		}
	}()
	return m.Run()
}

func build() (string, error) {
	path := filepath.Join(scratch, "tailrace")
	args := []string{"build", "-o", path}
	if os.Getenv("TAILRACE_RACE") == "1" {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "tailrace/cmd/tailrace")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, os.Chmod(scratch, 0o755) // also for an agent that is not root
}

// needKafka skips a test that was not asked for, or cannot be run here. In CI
// nothing that was asked for is skipped.
func needKafka(t *testing.T) {
	t.Helper()
	if os.Getenv("TAILRACE_KAFKA") != "1" {
		t.Skip("needs a real Kafka: set TAILRACE_KAFKA=1")
	}
	_, err := kafka.Jars(t.Context())
	if errors.Is(err, kafka.ErrNoJava) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	must(t, err)
}

// sharedBroker is the broker of all tests that leave it as it is.
func sharedBroker(t *testing.T) *kafka.Broker {
	t.Helper()
	needKafka(t)
	opened.Store(true)
	b, err := shared()
	must(t, err)
	return b
}

// ownBroker starts a broker that the test may kill.
func ownBroker(t *testing.T) *kafka.Broker {
	t.Helper()
	needKafka(t)
	b, err := kafka.Start(t.Context(), kafka.Options{Dir: tempDir(t), Settings: quietBroker})
	must(t, err)
	t.Cleanup(func() {
		b.Close()
		if t.Failed() {
			t.Logf("the broker logged, at the end:\n%s", b.Log())
		}
	})
	return b
}

// tempDir is like t.TempDir, but can be kept, and read by an agent that is not
// root.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tailrace-test-")
	must(t, err)
	must(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() {
		if t.Failed() && os.Getenv("TAILRACE_KEEP") == "1" {
			t.Logf("kept: %s", dir)
			return
		}
		os.RemoveAll(dir)
	})
	return dir
}

// seed is the seed of a test's random choices, which it logs.
func seed(t *testing.T) uint64 {
	t.Helper()
	s := uint64(time.Now().UnixNano()) % 1_000_000
	if text := os.Getenv("TAILRACE_SEED"); text != "" {
		var err error
		s, err = strconv.ParseUint(text, 10, 64)
		must(t, err)
	}
	t.Logf("TAILRACE_SEED=%d", s)
	return s
}

func random(t *testing.T) *rand.Rand { return rand.New(rand.NewPCG(seed(t), 2)) }

// duration is a length of time that a variable may change.
func duration(t *testing.T, name string, usual time.Duration) time.Duration {
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	d, err := time.ParseDuration(text)
	must(t, err)
	return d
}

// kills is how often a test kills the agent.
func kills(t *testing.T) int { return number(t, "TAILRACE_KILLS", 15) }

// number is one that a variable may change.
func number(t *testing.T, name string, usual int) int {
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	must(t, err)
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
