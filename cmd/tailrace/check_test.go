package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tailrace/agent/config"
	"tailrace/agent/journal"
	"tailrace/outputs/kafka/wire"
	"tailrace/test/port"
)

// A bad configuration ends every command with 78 and all its problems.
func TestBadConfiguration(t *testing.T) {
	cfg := writeFile(t, "config.yaml", "inputs: [{path: [/x], topic: a b}]\n")
	says := []string{
		cfg + `:1:11: inputs[0].path: unknown key; did you mean "paths"?`,
		cfg + `:1:30: inputs[0].topic: Kafka has no topic "a b"`,
		cfg + `:1:1: outputs: missing`,
		"the configuration has 3 problems",
	}
	mustFail(t, exitConfig, says, "check", "--config", cfg)
	mustFail(t, exitConfig, says, "run", "--config", cfg)
	mustFail(t, exitConfig, says, "send", "--config", cfg, "--topic", "a", "x")
	none := filepath.Join(t.TempDir(), "none.yaml")
	mustFail(t, exitConfig, []string{none + ": does not exist"}, "run", "--config", none)
}

// Everything else that is wrong on the command line is status 1, with the way
// to help.
func TestUsage(t *testing.T) {
	f := func(says string, args ...string) {
		t.Helper()
		mustFail(t, exitFailed, []string{says}, args...)
	}
	f("unknown flag --foo; see tailrace run --help", "run", "--foo")
	f(`unknown command "chekc"`, "chekc")
	f("give one message, in quotes, but there are 2 arguments; see tailrace send --help", "send", "--topic", "a", "b", "c")
	f("which topic? Give its name with --topic", "send", "x")
	f("with --dead-letter there is no message", "send", "--dead-letter", "f", "x")
	f("--from x: write oldest, newest, or an offset", "consume", "--brokers", "a", "--topic", "a", "--from", "x")
	f("--from -1: write oldest, newest, or an offset", "consume", "--brokers", "a", "--topic", "a", "--from", "-1")
	f(`Kafka has no topic "a b"`, "consume", "--brokers", "a", "--topic", "a b")
	f(`Kafka has no topic "a b"`, "send", "--brokers", "localhost:1", "--topic", "a b", "x")
	f("--brokers: \"a:b\": the port must be a number", "send", "--brokers", "a:b", "--topic", "a", "x")
	cfg := writeFile(t, "config.yaml", "inputs: [{paths: [/x], topic: a}]\noutputs: {stdout: {}}\n")
	f("names no Kafka; give its address with --brokers", "send", "--config", cfg, "--topic", "a", "x")
	if _, err := os.Stat(config.DefaultPath); err != nil {
		f("which Kafka? Give its address with --brokers localhost:9092, or with --config FILE", "send", "--topic", "a", "x")
	}
}

func TestVersion(t *testing.T) {
	out, _ := mustRun(t, "version")
	if !strings.HasPrefix(out, "tailrace ") || !strings.HasSuffix(out, ")\n") {
		t.Errorf("got %q", out)
	}
}

// logs makes files in a directory and returns it with a configuration for them.
func logs(t *testing.T, outputs string, names ...string) (dir, cfg string) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range names {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("x\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir, writeFile(t, "config.yaml", fmt.Sprintf(
		"inputs: [{paths: [%[1]s/**/*.log, %[1]s/none.txt], exclude: [%[1]s/debug.log], topic: app}]\noutputs: {%[2]s}\nhostname: web-1\n", dir, outputs))
}

// check says how many files each pattern matches: regular ones that are not
// excluded.
func TestCheckFiles(t *testing.T) {
	dir, cfg := logs(t, "stdout: {}", "a.log", "b/c.log", "debug.log", "d.txt", "dir.log/e")
	out, _ := mustRun(t, "check", "--config", cfg, "--connect")
	for _, s := range []string{
		cfg + ": valid\n", "Host name web-1 is the key", "Topic app (" + cfg + ":1):\n",
		"  " + dir + "/**/*.log: 2 files now\n", "  " + dir + "/none.txt: 0 files now\n",
		"there is no Kafka to connect to", "All is well.",
	} {
		if !strings.Contains(out, s) {
			t.Errorf("check does not say %q: %q", s, out)
		}
	}
}

// check says what is special about a file, and lists some of many.
func TestCheckListsFiles(t *testing.T) {
	dir, _ := logs(t, "stdout: {}", "a.log", "old.log", "n/1.txt", "n/2.txt", "n/3.txt", "n/4.txt", "n/5.txt",
		"n/6.txt", "n/7.txt", "n/8.txt", "n/9.txt", "n/a.txt", "n/b.txt", "n/c.txt")
	if err := os.Symlink("a.log", filepath.Join(dir, "b.log")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "n/1.txt"), filepath.Join(dir, "c.log")); err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "old.log"), past, past); err != nil {
		t.Fatal(err)
	}
	cfg := writeFile(t, "config.yaml", fmt.Sprintf(`inputs:
- {paths: [%[1]s/*.log], topic: a, ignore_older: 1d}
- {paths: [%[1]s/n/*], topic: a}
- {paths: [%[1]s/n/1*], topic: a}
outputs: {stdout: {}}
`, dir))
	out, _ := mustRun(t, "check", "--config", cfg)
	for _, s := range []string{
		"/*.log: 2 files now\n", dir + "/a.log\n", dir + "/b.log (the same file as " + dir + "/a.log: read once)\n",
		dir + "/c.log (a link)\n", dir + "/old.log (older than ignore_older: left alone until it grows)\n",
		"/n/*: 11 files now\n", dir + "/n/1.txt (the same file as " + dir + "/c.log: read once)\n", "      and 2 more\n",
		"/n/1*: 0 files now\n  (the input at " + cfg + ":3 comes first and takes " + dir + "/n/1.txt)\n",
	} {
		if !strings.Contains(out, s) {
			t.Errorf("check does not say %q: %s", s, out)
		}
	}
}

// check names what a pattern matches and is no file.
func TestCheckOddFiles(t *testing.T) {
	dir, cfg := logs(t, "stdout: {}", "a.log")
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.log"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("gone", filepath.Join(dir, "loose.log")); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "s.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	out, _ := mustRun(t, "check", "--config", cfg)
	for _, s := range []string{
		"**/*.log: 1 file now\n", "      " + dir + "/a.log\n    matched, and not followed:\n",
		"      " + dir + "/pipe.log: it is a named pipe, and only regular files are followed\n",
		"      " + dir + "/s.log: it is a socket, and only regular files are followed\n",
		"      " + dir + "/loose.log: it is a symbolic link to gone, where nothing is\n",
	} {
		if !strings.Contains(out, s) {
			t.Errorf("check does not say %q: %s", s, out)
		}
	}
}

// check looks at the state directory, and leaves it alone.
func TestCheckState(t *testing.T) {
	dir := t.TempDir()
	f := func(state string, status int, says string) {
		t.Helper()
		cfg := writeFile(t, "config.yaml", "inputs: [{paths: [/x], topic: a}]\noutputs: {stdout: {}}\nstate_dir: "+state+"\n")
		if status != 0 {
			mustFail(t, status, []string{"! State directory " + state, says}, "check", "--config", cfg)
		} else if out, _ := mustRun(t, "check", "--config", cfg); !strings.Contains(out, says) {
			t.Errorf("check does not say %q: %s", says, out)
		}
	}
	f(dir, 0, "State is kept in "+dir+".\n")
	f(dir+"/not/yet", 0, "State is kept in "+dir+"/not/yet, which the first start makes.\n")
	if _, err := os.Stat(dir + "/not"); err == nil {
		t.Error("check made the directory")
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f(file, exitFailed, "is a file")
	f(file+"/x", exitFailed, "not a directory")
	f("/proc/tailrace", exitFailed, "tailrace")
	j, err := journal.Open(dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f(dir, 0, fmt.Sprintf("It is in use by process %d (since ", os.Getpid()))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if who := journal.InUse(dir); who != "" {
		t.Errorf("in use by %s after the end", who)
	}
}

// A file that two inputs send to different topics is a problem that only a
// look at the files shows.
func TestCheckTwoTopics(t *testing.T) {
	dir, _ := logs(t, "stdout: {}", "a1.log")
	cfg := writeFile(t, "config.yaml", fmt.Sprintf(
		"inputs:\n- {paths: [%[1]s/a*.log], topic: a}\n- {paths: [%[1]s/*1.log], topic: b}\noutputs: {stdout: {}}\n", dir))
	mustFail(t, exitFailed, []string{"! ", dir + "/a1.log: shipped to topic a, since the input at " + cfg + ":2 comes first", "1 problem,"}, "check", "--config", cfg)
}

// What would let a user read a file depends on its group's permission.
func TestFix(t *testing.T) {
	dir := t.TempDir()
	f := func(mode os.FileMode, gid int, want string) {
		t.Helper()
		name := filepath.Join(dir, "a.log")
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		if gid >= 0 {
			if err := os.Chown(name, -1, gid); err != nil {
				t.Skip("needs root: ", err)
			}
		}
		if got := fix(name, os.ErrPermission); !strings.Contains(got, want) {
			t.Errorf("mode %v, group %d: got %q, want %q in it", mode, gid, got, want)
		}
	}
	f(0o600, -1, "setfacl -m u:"+userName()+":r")
	f(0o640, 54321, "usermod -aG 54321 "+userName())
	f(0o640, 54321, " (owner "+userName()+", group 54321, mode -rw-r-----): ")
}

// check --connect says what concerns this host's lines, and exits with 1 when
// Kafka would not take them.
func TestCheckConnect(t *testing.T) {
	c, addr := fake(t, kfake.SeedTopics(3, "app"))
	away := port.Held(t).Addr
	_, cfg := logs(t, "kafka: {brokers: ["+addr+"]}", "a.log")
	out, _ := mustRun(t, "check", "--config", cfg, "--connect")
	p := wire.Partition([]byte("web-1"), 3)
	for _, s := range []string{
		"Broker " + addr + " answers.", "Topic app: 3 partitions.", "This client may write to it.",
		"max.message.bytes", fmt.Sprintf("Lines of host web-1 go to partition %d, which broker %s leads.", p, addr), "All is well.",
	} {
		if !strings.Contains(out, s) {
			t.Errorf("check does not say %q: %q", s, out)
		}
	}

	// One of two brokers is away.
	_, cfg = logs(t, "kafka: {brokers: ["+away+", "+addr+"]}", "a.log")
	mustFail(t, exitFailed, []string{"! Broker " + away + ": connection refused", "Broker " + addr + " answers.", "1 problem,"},
		"check", "--config", cfg, "--connect")
	mustRun(t, "check", "--config", cfg) // without --connect nothing is asked

	// The answers of a broker in trouble.
	f := func(change func(*kmsg.MetadataResponseTopic), says ...string) {
		t.Helper()
		changeMetadata(c, addr, p, change)
		mustFail(t, exitFailed, append(says, "! "), "check", "--config", cfg, "--connect")
	}
	f(func(m *kmsg.MetadataResponseTopic) { m.AuthorizedOperations = 1 << 3 }, "it needs the permission WRITE")
	f(func(m *kmsg.MetadataResponseTopic) { m.Partitions[p].Leader = -1 }, fmt.Sprintf("Partition %d, where the lines of host web-1 go, has no leader", p))
	f(func(m *kmsg.MetadataResponseTopic) { m.Partitions = nil }, "It has no partition yet")
	f(func(m *kmsg.MetadataResponseTopic) { m.Partitions[p].ISR = nil }, "Copies in sync: 0 of 3, but min.insync.replicas is 1")
	f(func(m *kmsg.MetadataResponseTopic) { m.ErrorCode = int16(sarama.ErrTopicAuthorizationFailed) }, "permissions DESCRIBE and WRITE")
}

// changeMetadata makes the broker answer with one topic app of three
// partitions, each with three copies, after change.
func changeMetadata(c *kfake.Cluster, addr string, p int32, change func(*kmsg.MetadataResponseTopic)) {
	host, port, _ := strings.Cut(addr, ":")
	c.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		res := req.ResponseKind().(*kmsg.MetadataResponse)
		b := kmsg.NewMetadataResponseBroker()
		b.Host = host
		fmt.Sscan(port, &b.Port)
		res.Brokers = append(res.Brokers, b)
		topic := kmsg.NewMetadataResponseTopic()
		topic.Topic = kmsg.StringPtr("app")
		topic.AuthorizedOperations = 1 << 4
		for i := range int32(3) {
			part := kmsg.NewMetadataResponseTopicPartition()
			part.Partition, part.Leader = i, 0
			part.Replicas = []int32{0, 1, 2}
			part.ISR = slices.Clone(part.Replicas)
			topic.Partitions = append(topic.Partitions, part)
		}
		change(&topic)
		res.Topics = append(res.Topics, topic)
		return res, nil, true
	})
}

// An address that the cluster names and that cannot be reached from here is
// the usual trap of a first Kafka.
func TestAdvertisedElsewhere(t *testing.T) {
	c, addr := fake(t, kfake.SeedTopics(1, "app"))
	away := port.Held(t).Addr
	f := func(args ...string) {
		t.Helper()
		changeMetadata(c, away, 0, func(*kmsg.MetadataResponseTopic) {})
		mustFail(t, exitFailed, []string{"says that a broker is at " + away, "advertised.listeners"}, args...)
	}
	f("send", "--brokers", addr, "--topic", "app", "x")
	f("consume", "--brokers", addr, "--topic", "app")
	_, cfg := logs(t, "kafka: {brokers: ["+addr+"]}", "a.log")
	f("check", "--config", cfg, "--connect")
	changeMetadata(c, away, 0, func(*kmsg.MetadataResponseTopic) { c.KeepControl() })
	mustFail(t, exitFailed, []string{"says that a broker is at " + away, "advertised.listeners"}, "verify", "--config", cfg)
}

// A topic that is compacted would keep one line of each host.
func TestCheckCompacted(t *testing.T) {
	c, addr := fake(t, kfake.SeedTopics(1, "app"))
	admin, err := sarama.NewClusterAdmin([]string{addr}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	compact, size := "compact", "20000"
	if err := admin.CreateTopic("small", &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1,
		ConfigEntries: map[string]*string{"cleanup.policy": &compact, "max.message.bytes": &size}}, false); err != nil {
		t.Fatal(err)
	}
	cfg := writeFile(t, "config.yaml", "inputs: [{paths: [/x], topic: small, max_line: 30000}, {paths: [/y], topic: small}]\noutputs: {kafka: {brokers: ["+addr+"]}}\n")
	mustFail(t, exitFailed, []string{"up to 20000 bytes", "dead-letter.jsonl", "! ", "cleanup.policy is compact",
		"max_line of the input at " + cfg + ":1 is 30000 bytes", "2 problems"}, "check", "--config", cfg, "--connect")

	// Where even the headers have no room, no max_line helps.
	for _, tiny := range []string{"100", "575", "576"} {
		name := "tiny-" + tiny
		if err := admin.CreateTopic(name, &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1, ConfigEntries: map[string]*string{"max.message.bytes": &tiny}}, false); err != nil {
			t.Fatal(err)
		}
		cfg := writeFile(t, "tiny.yaml", "inputs: [{paths: [/x], topic: "+name+", max_line: 30000}]\noutputs: {kafka: {brokers: ["+addr+"]}}\n")
		out, _, _ := tailrace("check", "--config", cfg, "--connect")
		if no, lower := strings.Contains(out, "!   That may leave no room for any line"), strings.Contains(out, "lower max_line to 64\n"); no != (tiny != "576") || lower == no || strings.Contains(out, "cut short in Kafka, with") == no {
			t.Errorf("max.message.bytes %s: %s", tiny, out)
		}
	}

	// What becomes of old timestamps.
	appended, hour := "LogAppendTime", "3600000"
	for name, conf := range map[string]map[string]*string{"appended": {"message.timestamp.type": &appended}, "young": {"message.timestamp.difference.max.ms": &hour}} {
		if err := admin.CreateTopic(name, &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1, ConfigEntries: conf}, false); err != nil {
			t.Fatal(err)
		}
	}
	stamps := writeFile(t, "stamps.yaml", `inputs:
  - {paths: [/x], topic: appended, time: {pattern: '^(?P<time>\S+)', layout: "2006-01-02T15:04:05Z07:00", timestamp: true}}
  - {paths: [/y], topic: young, time: {pattern: '^(?P<time>\S+)', layout: "2006-01-02T15:04:05Z07:00", timestamp: true}}
outputs: {kafka: {brokers: [`+addr+`]}}
`)
	shown, _ := mustRun(t, "check", "--config", stamps, "--connect")
	for _, want := range []string{"message.timestamp.type is LogAppendTime", "So `timestamp: true` of the input at " + stamps + ":2 has no effect",
		"Lines of the input at " + stamps + ":3 that are older than 60 minutes get the present time"} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in\n%s", want, shown)
		}
	}

	// Brokers that do not show the settings.
	c.ControlKey(int16(kmsg.DescribeConfigs), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		res := req.ResponseKind().(*kmsg.DescribeConfigsResponse)
		r := kmsg.NewDescribeConfigsResponseResource()
		r.ErrorCode = int16(sarama.ErrTopicAuthorizationFailed)
		res.Resources = append(res.Resources, r)
		return res, nil, true
	})
	out, _ := mustRun(t, "check", "--config", cfg, "--connect")
	if !strings.Contains(out, "--operation DescribeConfigs --topic small") || !strings.Contains(out, "(min.insync.replicas) cannot be seen") {
		t.Errorf("check does not say what cannot be seen: %q", out)
	}
}
