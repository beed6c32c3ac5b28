package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"tailrace/agent/admin"
	"tailrace/agent/config"
	"tailrace/agent/journal"
	"tailrace/outputs/kafka"
)

// Status is what an agent does, or what its journal tells when it does not run.
type Status struct {
	Origin
	Summary string  `json:"summary,omitempty"` // as the service manager is told it
	Files   Files   `json:"files"`
	Topics  []Topic `json:"topics"`
	// Parked is files that cannot be read; at most maxParked of them.
	Parked []Parked `json:"parked,omitempty"`
	// Unlisted is directories that cannot be listed; as many.
	Unlisted []Parked `json:"unlisted,omitempty"`
	// Lost is what will never be shipped, since the journal began.
	Lost    []Loss         `json:"lost,omitempty"`
	Journal *JournalStatus `json:"journal,omitempty"`
}

// Origin says who gave an answer, and of when it is.
type Origin struct {
	// Running says that it is from a running agent, otherwise from the
	// journal, which was last written AsOf; zero: there is none.
	Running bool      `json:"running"`
	AsOf    time.Time `json:"as_of,omitzero"`
	// Unknown is why the journal could not be read; empty: it could.
	Unknown string `json:"unknown,omitempty"`
	// Silent is why an agent that runs could not be asked; empty: none runs,
	// or it is Running that has answered.
	Silent   string    `json:"silent,omitempty"`
	Version  string    `json:"version,omitempty"`
	PID      int       `json:"pid,omitempty"`
	Since    time.Time `json:"since,omitzero"` // when the agent started
	Hostname string    `json:"hostname"`
	StateDir string    `json:"state_dir"`
}

// Files counts files.
type Files struct {
	Known    int `json:"known"` // those that are done or gone too
	Followed int `json:"followed"`
	Open     int `json:"open"`
	Parked   int `json:"parked"`   // that cannot be read
	Unlisted int `json:"unlisted"` // directories that cannot be listed
}

// Topic is how far the lines of one topic are.
type Topic struct {
	Output    string `json:"output,omitempty"` // where there are several
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"` // -1 not known, or several
	Files     int    `json:"files"`
	Parked    int    `json:"parked,omitempty"`
	Backlog   int64  `json:"backlog_bytes"` // in files and not acknowledged
	Acked     int64  `json:"acked_records"` // since the agent started
	InFlight  int64  `json:"in_flight_records"`
	Repeats   int64  `json:"possible_repeats,omitempty"`
	GivenUp   int64  `json:"given_up_records,omitempty"`
	Shortened int64  `json:"shortened_records,omitempty"` // whole in the dead-letter file
	// Trouble is why the topic waits, and Since when.
	Trouble string    `json:"trouble,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	// Pause is until when, or while what, nothing is sent without any trouble: it
	// is found out what the topic has, or the broker's quota is used up. PauseUntil is zero where not known.
	Pause      string    `json:"pause,omitempty"`
	PauseSince time.Time `json:"pause_since,omitzero"`
	PauseUntil time.Time `json:"pause_until,omitzero"`
}

// Parked is a file that cannot be read, or a directory that cannot be listed.
type Parked struct {
	Path  string `json:"path"`
	Error string `json:"error"`
}

// Loss is bytes that will never be shipped, since they are gone.
type Loss struct {
	Path  string `json:"path,omitempty"` // empty: of several files
	Cause string `json:"cause"`
	Bytes int64  `json:"bytes"`
	Lines int64  `json:"lines,omitempty"` // as far as they could be counted
	// Unknown is the number of files that may have lost bytes, too, of which
	// it is not known how many, if any.
	Unknown int64 `json:"unknown,omitempty"`
}

// JournalStatus is how the journal is doing.
type JournalStatus struct {
	Bytes   int64    `json:"bytes"`
	Failing []string `json:"failing,omitempty"` // steps that fail: write, sync, compact
}

// maxParked is how many files that cannot be read a status names.
const maxParked = 100

// AskStatus is the status of the agent of cfg. When it does not run, or may not
// be asked, its journal is read. The error says that nothing can be found out.
func AskStatus(ctx context.Context, cfg *config.Config) (Status, error) {
	var s Status
	err := admin.Ask(ctx, cfg.StateDir, "/status", nil, &s)
	if err == nil || !errors.Is(err, admin.ErrNotRunning) && !errors.Is(err, fs.ErrPermission) {
		return s, err
	}
	k := readJournal(cfg, err)
	if k.origin.Unknown != "" {
		return s, errors.New("no agent could be asked, and " + k.origin.Unknown)
	}
	s = Status{Origin: k.origin, Lost: losses(k.state.Losses, "")}
	s.Files.Known = len(k.state.Files)
	in, err := k.input(cfg)
	if err != nil {
		return s, err
	}
	lanes := map[stream][]journal.LaneState{}
	for _, l := range k.state.Lanes {
		at := stream{l.Output, l.Topic}
		lanes[at] = append(lanes[at], l)
	}
	for _, t := range in.TopicsAtRest() {
		one := Topic{Output: outputName(cfg, t.Output), Topic: t.Topic, Partition: -1, Files: t.Files, Backlog: t.Backlog}
		for n, l := range lanes[stream{t.Output, t.Topic}] {
			if one.Partition = l.Partition; n > 0 {
				one.Partition = -1
			}
			for _, i := range l.Intents {
				one.InFlight += int64(i.Count)
			}
		}
		s.Files.Followed += t.Files
		s.Topics = append(s.Topics, one)
	}
	return s, nil
}

// status is that of the running agent.
func (a *agent) status() Status {
	s := Status{Origin: a.origin(), Summary: a.summary(), Lost: losses(a.journal.Losses(), "")}
	in := a.input.Stats()
	s.Files = Files{Known: in.Known, Followed: in.Files, Open: in.Open, Parked: len(in.Parked), Unlisted: len(in.Unlisted)}
	s.Parked, s.Unlisted = parked(in.Parked), parked(in.Unlisted)
	out := a.shipped()
	for _, t := range a.input.Topics() {
		s.Topics = append(s.Topics, topic(out[stream{t.Output, t.Topic}], t.Topic, t.Files, t.Parked, t.Backlog))
		s.Topics[len(s.Topics)-1].Output = outputName(a.config, t.Output)
	}
	j := a.journal.Stats()
	s.Journal = &JournalStatus{Bytes: j.Bytes}
	for _, step := range []string{"write", "sync", "compact"} {
		if j.Failing[step] {
			s.Journal.Failing = append(s.Journal.Failing, step)
		}
	}
	return s
}

// parked is the first of those that cannot be read, by path.
func parked(why map[string]string) []Parked {
	var out []Parked
	for _, path := range slices.Sorted(maps.Keys(why)) {
		if len(out) == maxParked {
			break
		}
		out = append(out, Parked{path, why[path]})
	}
	return out
}

func (a *agent) origin() Origin {
	return Origin{
		Running: true, AsOf: time.Now(), Version: a.Version, PID: os.Getpid(), Since: a.since,
		Hostname: a.config.Hostname, StateDir: a.config.StateDir,
	}
}

// stream is a topic of an output, by the name that the journal has for that.
type stream struct{ output, topic string }

// outputName is the name of an output for people; "" when it is the only one.
func outputName(cfg *config.Config, lane string) string {
	if cfg.Cluster != "" {
		return cfg.Cluster
	}
	for _, c := range cfg.Outputs.Clusters {
		if config.LaneName(c.Name) == lane {
			return c.Name
		}
	}
	return ""
}

// shipped is what the outputs do for each topic, in the order of partitions.
func (a *agent) shipped() map[stream][]kafka.Stats {
	all := map[stream][]kafka.Stats{}
	for _, k := range a.kafkas {
		for _, s := range k.Stats() {
			at := stream{k.Name, s.Topic}
			all[at] = append(all[at], s)
		}
	}
	return all
}

// topic adds up what is done for the partitions of a topic.
func topic(partitions []kafka.Stats, name string, files, parked int, backlog int64) Topic {
	t := Topic{Topic: name, Partition: -1, Files: files, Parked: parked, Backlog: backlog}
	for _, s := range partitions {
		t.Acked += s.Acked
		t.InFlight += s.Records
		t.Repeats += s.Repeats
		t.GivenUp += s.GivenUp
		t.Shortened += s.Shortened
		if s.Trouble != "" && (t.Trouble == "" || s.Since.Before(t.Since)) {
			t.Trouble, t.Since = s.Trouble, s.Since
			if len(partitions) > 1 && s.Partition >= 0 {
				t.Trouble = fmt.Sprintf("partition %d: %s", s.Partition, s.Trouble)
			}
		}
	}
	for _, s := range partitions {
		if s.Pause != "" && (t.Pause == "" || s.PauseUntil.After(t.PauseUntil)) {
			t.Pause, t.PauseSince, t.PauseUntil = s.Pause, s.PauseSince, s.PauseUntil
		}
	}
	if len(partitions) == 1 {
		t.Partition = partitions[0].Partition
	}
	return t
}

// losses is what was lost of the files of a path; of all when it is empty.
func losses(all []journal.Loss, path string) []Loss {
	var out []Loss
	for _, l := range all {
		if path == "" || path == l.Path {
			out = append(out, Loss(l))
		}
	}
	return out
}
