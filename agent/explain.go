package agent

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"tailrace/agent/admin"
	"tailrace/agent/config"
	"tailrace/agent/flow"
	"tailrace/agent/journal"
	"tailrace/inputs/tail"
	"tailrace/inputs/tail/explain"
)

// Explanation is all that is known of one path.
type Explanation struct {
	Origin
	explain.Answer
	// Output is the topic that the path's lines go to; nil without a running
	// agent.
	Output *Topic `json:"output,omitempty"`
	// Lost is what was lost of the path's files.
	Lost []Loss `json:"lost,omitempty"`
}

// explainTime is how long a question waits for a scan that is under way.
const explainTime = 30 * time.Second

// AskExplain explains an absolute path. It asks the agent of cfg; when that
// does not run, or may not be asked, the configuration and the journal tell.
func AskExplain(ctx context.Context, cfg *config.Config, path string) (Explanation, error) {
	var e Explanation
	err := admin.Ask(ctx, cfg.StateDir, "/explain", url.Values{"path": {path}}, &e)
	if err == nil || !errors.Is(err, admin.ErrNotRunning) && !errors.Is(err, fs.ErrPermission) {
		return e, err
	}
	k := readJournal(cfg, err)
	in, err := k.input(cfg)
	if err != nil {
		return e, err
	}
	e.Origin = k.origin
	e.Answer, err = in.ExplainAtRest(path)
	e.Lost = lostOf(k.state.Losses, &e.Answer)
	return e, err
}

// lostOf is what was lost of the path that is explained.
func lostOf(all []journal.Loss, e *explain.Answer) []Loss {
	if e.Of == "" {
		return nil // several
	}
	return losses(all, e.Of)
}

// explain is the answer of the running agent.
func (a *agent) explain(ctx context.Context, path string) (Explanation, error) {
	ctx, cancel := context.WithTimeout(ctx, explainTime)
	defer cancel()
	answer, err := a.input.Explain(ctx, path)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("busy with the directories; try again")
	}
	if err != nil {
		return Explanation{}, err
	}
	e := Explanation{Origin: a.origin(), Answer: answer}
	e.Lost = lostOf(a.journal.Losses(), &answer)
	name, output := answer.Match.Topic, answer.Match.Output
	if n := len(answer.Files); n > 0 {
		name, output = answer.Files[n-1].Topic, answer.Files[n-1].Output
	}
	if s, ok := a.shipped()[stream{output, name}]; ok {
		t := topic(s, name, 0, 0, 0)
		t.Output = outputName(a.config, output)
		for _, t2 := range a.input.Topics() {
			if t2.Topic == name && t2.Output == output {
				t.Files, t.Parked, t.Backlog = t2.Files, t2.Parked, t2.Backlog
			}
		}
		e.Output = &t
	}
	return e, nil
}

// handler answers what is asked on the socket.
func (a *agent) handler(metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { reply(w, a.status(), nil) })
	mux.HandleFunc("GET /explain", func(w http.ResponseWriter, r *http.Request) {
		path := r.FormValue("path")
		if !filepath.IsAbs(path) {
			http.Error(w, "path must be absolute: /explain?path=/var/log/app.log", http.StatusBadRequest)
			return
		}
		e, err := a.explain(r.Context(), path)
		reply(w, e, err)
	})
	return mux
}

func reply(w http.ResponseWriter, answer any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // who asked may have gone
}

// kept is what a journal tells while no agent can be asked.
type kept struct {
	origin Origin
	state  journal.State
}

// readJournal reads the journal of cfg. Without one, what the configuration
// says is all that is known; why says what kept from asking an agent.
func readJournal(cfg *config.Config, why error) kept {
	k := kept{origin: Origin{Hostname: cfg.Hostname, StateDir: cfg.StateDir}}
	if who := journal.Holder(cfg.StateDir); errors.Is(why, fs.ErrPermission) {
		k.origin.Silent = why.Error()
	} else if who != "" {
		k.origin.Silent = who + " has no socket there that answers; its log says why"
	}
	var err error
	k.state, k.origin.AsOf, err = journal.Read(cfg.StateDir)
	switch {
	case errors.Is(err, fs.ErrNotExist): // no agent has run yet
	case errors.Is(err, fs.ErrPermission):
		k.origin.Unknown = err.Error() + ": use sudo"
	case err != nil:
		k.origin.Unknown = err.Error()
	}
	return k
}

// input is an input that knows what the journal does, and is not run.
func (k *kept) input(cfg *config.Config) (*tail.Input, error) {
	j := still{}
	for _, f := range k.state.Files {
		j[f.ID] = f
	}
	return tail.New(tail.Options{
		Inputs: inputs(cfg), Files: k.state.Files, FirstStart: k.state.FirstStart, Life: k.state.Life, Journal: j,
	})
}

// still is a journal that is only read.
type still map[flow.FileID]journal.FileState

// Acked implements tail.Journal.
func (j still) Acked(id flow.FileID) (int64, flow.Mark) { return j[id].Acked, j[id].AckedMark }

// Write implements tail.Journal. Nothing is kept: nobody reads lines.
func (j still) Write(...journal.Record) error { return nil }

// WriteSync implements tail.Journal.
func (j still) WriteSync(...journal.Record) error { return nil }

// Note implements tail.Journal.
func (j still) Note(...journal.Record) {}

// Reading implements tail.Journal.
func (j still) Reading(string) int { return 1 }

// NewFile implements tail.Journal.
func (j still) NewFile() flow.FileID { return 0 }

// Ladder is nothing: no file is read.
func (j still) Ladder(flow.FileID) journal.Ladder { return nil }
