package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
)

// ErrNotRunning says that no agent runs on the state directory, or none that
// can be asked.
var ErrNotRunning = errors.New("no agent answers")

// answerMax bounds an answer, in bytes.
const answerMax = 64 << 20

// Ask asks the agent that runs on the state directory dir, and stores its JSON
// answer in out. The error is ErrNotRunning when nobody is there.
func Ask(ctx context.Context, dir, what string, values url.Values, out any) error {
	socket := filepath.Join(dir, socketName)
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket)
		},
	}}
	u := url.URL{Scheme: "http", Host: "agent", Path: what, RawQuery: values.Encode()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return refusal(socket, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, answerMax))
	if err != nil {
		return fmt.Errorf("the agent at %s broke off its answer: %w", socket, err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the agent at %s says: %s", socket, strings.TrimSpace(string(body)))
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("the agent at %s gave an answer that is not understood: %w", socket, err)
	}
	return nil
}

// refusal says why nobody answered.
func refusal(socket string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENOTDIR):
		return ErrNotRunning
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %s may be used by the user that tailrace runs as, and by root: use sudo", fs.ErrPermission, socket)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the agent at %s did not answer in time: it may be busy with a large scan of directories; try again", socket)
	}
	return fmt.Errorf("the agent at %s: %w", socket, err)
}
