// Package admin is how people and programs ask a running agent: HTTP over a
// Unix socket in its state directory, and over TCP where the configuration says
// so.
package admin

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	// socketName is the socket's name in the state directory.
	socketName = "tailrace.sock"
	// pathMax is how long the path of a socket may be: sun_path has 108 bytes,
	// the last of them NUL (unix(7)).
	pathMax = 107
	// retryEvery is how often an address that is taken is tried again.
	retryEvery = 10 * time.Second
	// requestTime is how long a client may take to send its request.
	requestTime = 5 * time.Second
)

// Server answers until Close. Its methods are for one goroutine.
type Server struct {
	log   *slog.Logger
	retry time.Duration // retryEvery

	mu      sync.Mutex
	servers []*http.Server
	closed  bool
	quit    chan struct{} // closed by Close
	all     sync.WaitGroup
}

// NewServer returns a server that answers nobody yet.
func NewServer(log *slog.Logger) *Server {
	return &Server{log: log, retry: retryEvery, quit: make(chan struct{})}
}

// OnSocket answers on the socket in dir, which must be locked: a socket that is
// there is what an agent left that was killed, and is replaced. When it cannot
// be made, that is logged, and the agent goes on without.
func (s *Server) OnSocket(dir string, h http.Handler) {
	path := filepath.Join(dir, socketName)
	l, err := listenUnix(path)
	if err != nil {
		s.log.Warn("nobody can ask this agent: tailrace explain and tailrace status read its journal instead, which says less",
			"socket", path, "error", err)
		return
	}
	s.serve(l, h)
}

// listenUnix makes the socket, for its owner only.
func listenUnix(path string) (net.Listener, error) {
	if len(path) > pathMax {
		return nil, fmt.Errorf("the path has %d bytes, and a socket's may have %d: set state_dir to a shorter one", len(path), pathMax)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() == fs.ModeSocket {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// OnTCP answers on a TCP address, host:port. While that is taken it is tried
// again.
func (s *Server) OnTCP(address string, h http.Handler) {
	l, err := net.Listen("tcp", address)
	if err == nil {
		s.serve(l, h)
		return
	}
	s.log.Error("metrics are not served: give the address free or change `metrics`; it is tried again", "address", address, "error", err)
	s.all.Go(func() {
		tick := time.NewTicker(s.retry)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-s.quit:
				return
			}
			if l, err := net.Listen("tcp", address); err == nil {
				s.log.Info("metrics are served", "address", address)
				s.serve(l, h)
				return
			}
		}
	})
}

// serve answers those who connect to l.
func (s *Server) serve(l net.Listener, h http.Handler) {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: requestTime, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		l.Close()
		return
	}
	s.servers = append(s.servers, server)
	s.all.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Warn("questions are not answered any more", "address", l.Addr().String(), "error", err)
		}
	})
}

// Close ends all answers and removes the socket.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	servers := s.servers
	s.mu.Unlock()
	close(s.quit)
	for _, server := range servers {
		server.Close()
	}
	s.all.Wait()
}
