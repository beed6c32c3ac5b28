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
	// retryEvery is how often an address that is taken is tried again, and the
	// socket looked after.
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
	quit    chan struct{}  // closed by Close
	tries   sync.WaitGroup // of what is tried again
	all     sync.WaitGroup // of those who answer
}

// NewServer returns a server that answers nobody yet.
func NewServer(log *slog.Logger) *Server {
	return &Server{log: log, retry: retryEvery, quit: make(chan struct{})}
}

// OnSocket answers on the socket in dir, which must be locked: a socket that is
// there is what an agent left that was killed, and is replaced. One that is
// removed, or cannot be made, is made again later; that is logged once, and the
// agent goes on without.
func (s *Server) OnSocket(dir string, h http.Handler) {
	k := &socket{path: filepath.Join(dir, socketName)}
	s.renew(k, h)
	s.again(func() (ended bool) {
		s.renew(k, h)
		return false
	})
}

// again calls try now and then, until it says that it has ended or Close is
// called.
func (s *Server) again(try func() (ended bool)) {
	s.tries.Go(func() {
		tick := time.NewTicker(s.retry)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-s.quit:
				return
			}
			if try() {
				return
			}
		}
	})
}

// socket is the socket in the state directory. One goroutine at a time.
type socket struct {
	path     string
	listener *net.UnixListener // nil: there is none
	server   *http.Server
	info     fs.FileInfo // of the socket when it was made
	failed   bool        // it could not be made, and that was said
}

// there says whether the socket is still at its path.
func (k *socket) there() bool {
	info, err := os.Lstat(k.path)
	return k.listener != nil && err == nil && os.SameFile(info, k.info)
}

// renew makes the socket if it is not there.
func (s *Server) renew(k *socket, h http.Handler) {
	if k.there() {
		return
	}
	l, err := listenUnix(k.path)
	if err == nil {
		k.info, err = os.Lstat(k.path)
	}
	if err != nil {
		if !k.failed {
			s.log.Warn("nobody can ask this agent: tailrace explain and tailrace status read its journal instead, which says less; it is tried again",
				"socket", k.path, "error", err)
		}
		k.failed = true
		return
	}
	if k.failed {
		s.log.Info("this agent can be asked again", "socket", k.path)
	}
	if k.server != nil {
		k.listener.SetUnlinkOnClose(false) // the name is the new one's
		k.server.Close()
	}
	k.listener, k.failed = l, false
	k.server = s.serve(l, h)
}

// listenUnix makes the socket, for its owner only.
func listenUnix(path string) (*net.UnixListener, error) {
	if len(path) > pathMax {
		return nil, fmt.Errorf("the path has %d bytes, and a socket's may have %d: set state_dir to a shorter one", len(path), pathMax)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() == fs.ModeSocket {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
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
	s.again(func() (ended bool) {
		l, err := net.Listen("tcp", address)
		if err == nil {
			s.log.Info("metrics are served", "address", address)
			s.serve(l, h)
		}
		return err == nil
	})
}

// serve answers those who connect to l.
func (s *Server) serve(l net.Listener, h http.Handler) *http.Server {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: requestTime, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.servers = append(s.servers, server)
	s.all.Go(func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Warn("questions are not answered any more", "address", l.Addr().String(), "error", err)
		}
	})
	return server
}

// Close ends all answers and removes the socket, which nobody makes again then.
func (s *Server) Close() {
	close(s.quit)
	s.tries.Wait()
	for _, server := range s.servers {
		server.Close()
	}
	s.all.Wait()
}
