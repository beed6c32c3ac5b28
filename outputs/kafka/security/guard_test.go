package security

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"tailrace/test/pki"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// broker is one with the options, and its address.
func broker(t *testing.T, o ...kfake.Opt) string {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, o...)...)
	must(t, err)
	t.Cleanup(c.Close)
	return c.ListenAddrs()[0]
}

// yard is a folder with certificates of two authorities.
type yard struct {
	*testing.T
	dir       string
	ca, other *pki.Authority
}

func newYard(t *testing.T) *yard {
	t.Helper()
	y := &yard{T: t, dir: t.TempDir()}
	var err error
	y.ca, err = pki.New("ours")
	must(t, err)
	y.other, err = pki.New("other")
	must(t, err)
	y.write("ca.pem", y.ca.PEM)
	y.write("other.pem", y.other.PEM)
	return y
}

func (y *yard) write(name string, data []byte) File {
	y.Helper()
	path := filepath.Join(y.dir, name)
	must(y.T, os.WriteFile(path, data, 0o600))
	return File(path)
}

func (y *yard) file(name string) File { return File(filepath.Join(y.dir, name)) }

// client writes a certificate of a client and its key.
func (y *yard) client(a *pki.Authority, l pki.Leaf) {
	y.Helper()
	cert, key, err := a.Sign(l)
	must(y.T, err)
	y.write("client.pem", cert)
	y.write("client.key", key)
}

// server is what a broker needs for TLS.
func (y *yard) server(l pki.Leaf) *tls.Config {
	y.Helper()
	pair, err := y.ca.Pair(l)
	must(y.T, err)
	return &tls.Config{Certificates: []tls.Certificate{pair}}
}

// mutual has the broker want a client certificate.
func (y *yard) mutual() *tls.Config {
	y.Helper()
	c := y.server(pki.Leaf{})
	c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, y.ca.Pool()
	return c
}

// connect opens one connection.
func connect(g *Guard, addr string) (net.Conn, error) {
	return g.Secure((&net.Dialer{}).DialContext)(context.Background(), "tcp", addr)
}

// log is what was logged. Any goroutine.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func guard(o Options) (*Guard, *log) {
	l := &log{}
	return New(o, "test", "", slog.New(slog.NewTextHandler(l, nil))), l
}

func TestTLS(t *testing.T) {
	y := newYard(t)
	ours := &TLS{CA: y.file("ca.pem")}
	mutual := &TLS{CA: y.file("ca.pem"), Certificate: y.file("client.pem"), Key: y.file("client.key")}
	past, future := time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	for _, test := range []struct {
		name   string
		server *tls.Config // nil: without TLS
		client *TLS
		leaf   *pki.Leaf // of the client
		by     *pki.Authority
		says   string // by what does not speak TLS, before it hangs up
		want   string // the problem; "": none
	}{
		{name: "good", server: y.server(pki.Leaf{}), client: ours},
		{name: "other authority", server: y.server(pki.Leaf{}), client: &TLS{CA: y.file("other.pem")},
			want: `no authority of ` + string(y.file("other.pem")) + ` has signed the broker's certificate (its issuer is "CN=ours")`},
		{name: "not the system's", server: y.server(pki.Leaf{}), client: &TLS{}, want: "no authority this system trusts"},
		{name: "other host", server: y.server(pki.Leaf{Hosts: []string{"kafka-1"}}), client: ours,
			want: "the broker's certificate is for kafka-1, not for 127.0.0.1"},
		{name: "server name", server: y.server(pki.Leaf{Hosts: []string{"kafka-1"}}),
			client: &TLS{CA: y.file("ca.pem"), ServerName: "kafka-1"}},
		{name: "expired", server: y.server(pki.Leaf{To: past}), client: ours, want: "the broker's certificate has expired on"},
		{name: "not yet", server: y.server(pki.Leaf{From: future}), client: ours, want: "the broker's certificate is valid only from"},
		{name: "no file", server: y.server(pki.Leaf{}), client: &TLS{CA: "/nowhere"}, want: "/nowhere cannot be read: no such file"},
		{name: "no certificate", server: y.server(pki.Leaf{}), client: &TLS{CA: y.write("empty", nil)}, want: "has no certificate in PEM format"},
		{name: "client", server: y.mutual(), client: mutual, leaf: &pki.Leaf{}, by: y.ca},
		{name: "client without", server: y.mutual(), client: ours, want: "the broker wants a client certificate"},
		{name: "client of another", server: y.mutual(), client: mutual, leaf: &pki.Leaf{}, by: y.other,
			want: "the broker refuses the client certificate"},
		{name: "client expired", server: y.mutual(), client: mutual, leaf: &pki.Leaf{To: past}, by: y.ca,
			want: "client.pem has expired on"},
		{name: "client with passphrase", server: y.mutual(), want: "locked.key is encrypted with a passphrase",
			client: &TLS{CA: y.file("ca.pem"), Certificate: y.file("ca.pem"),
				Key: y.write("locked.key", []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\n-----END ENCRYPTED PRIVATE KEY-----\n"))}},
		{name: "client with another's key", server: y.mutual(), want: "private key does not match public key",
			client: &TLS{CA: y.file("ca.pem"), Certificate: y.file("ca.pem"), Key: y.file("client.key")}, leaf: &pki.Leaf{}, by: y.ca},
		{name: "TLS to plain", client: ours, want: "broken"},
		{name: "TLS to another service", client: ours, says: "HTTP/1.1 400 Bad Request\r\n\r\n", want: "does not speak TLS"},
		{name: "plain to TLS", says: "\x15\x03\x03\x00\x02\x02\x28", want: "this port wants TLS"},
	} {
		t.Run(test.name, func(t *testing.T) {
			y.T = t
			if test.leaf != nil {
				y.client(test.by, *test.leaf)
			}
			var addr string
			if test.server != nil {
				addr = broker(t, kfake.TLS(test.server))
			} else {
				addr = hangsUp(t, test.says)
			}
			g, log := guard(Options{TLS: test.client})
			c, err := connect(g, addr)
			if err == nil {
				defer c.Close()
				s := &session{Conn: c, addr: addr, clientID: "test", tls: test.client}
				err = s.hello()
			}
			var e *Error
			var broken *Broken
			switch {
			case test.want == "broken":
				if !errors.As(err, &broken) || !strings.Contains(err.Error(), "port for connections without TLS") {
					t.Errorf("got %v", err)
				}
			case test.want == "":
				if err != nil {
					t.Error(err)
				}
			case !errors.As(err, &e) || !strings.Contains(e.Problem, test.want):
				t.Errorf("got %v, want %s", err, test.want)
			case strings.Count(log.String(), "level=ERROR") != 1:
				t.Errorf("logged: %s", log)
			}
		})
	}
}

// hangsUp is a port that ends a connection at its first bytes, as Kafka does
// when they are no request of its own; it may say something first.
func hangsUp(t *testing.T, says string) string {
	t.Helper()
	return listen(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1<<10))
		_, _ = io.WriteString(c, says)
		c.Close()
	})
}

// Files that change are used for the next connection.
func TestFilesThatChange(t *testing.T) {
	y := newYard(t)
	encrypted := broker(t, kfake.TLS(y.mutual()))
	right := "new"
	plain := plainBroker(&right).start(t)
	tls, _ := guard(Options{TLS: &TLS{CA: y.write("now.pem", y.other.PEM), Certificate: y.file("client.pem"), Key: y.file("client.key")}})
	sasl, _ := guard(Options{SASL: &SASL{Mechanism: Plain, Username: "u", Password: SecretFile(y.write("password", []byte("old")))}})
	try := func(g *Guard, addr, want string) {
		t.Helper()
		g.wait(holdOff)
		c, err := connect(g, addr)
		if err == nil {
			c.Close()
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Fatalf("got %v, want %q", err, want)
		}
	}
	y.client(y.other, pki.Leaf{})
	try(tls, encrypted, "no authority of")
	y.write("now.pem", y.ca.PEM)
	try(tls, encrypted, "refuses the client certificate")
	y.client(y.ca, pki.Leaf{})
	try(tls, encrypted, "")
	try(sasl, plain, `does not accept the user "u"`)
	y.write("password", []byte("new\n"))
	try(sasl, plain, "")
}

func TestSASL(t *testing.T) {
	users := broker(t, kfake.EnableSASL(), kfake.Superuser("PLAIN", "p", "secret=,"),
		kfake.Superuser("SCRAM-SHA-256", "s,=", "secret"), kfake.Superuser("SCRAM-SHA-512", "s", "secret"))
	right := "right"
	kafka := plainBroker(&right).start(t)
	old := plainBroker(&right)
	old.version = 0
	refuses := &fake{mechanisms: []string{"OAUTHBEARER"}, version: 2, take: func(m []byte) (int16, string, []byte) {
		if string(m) == "\x01" {
			return authenticationFailed, "{}", nil
		}
		return 0, "", []byte(`{"status":"invalid_token"}`)
	}}
	for _, test := range []struct {
		sasl SASL
		addr string
		want string
	}{
		{SASL{Mechanism: Plain, Username: "p", Password: NewSecret("secret=,")}, users, ""},
		{SASL{Mechanism: SCRAM256, Username: "s,=", Password: NewSecret("secret")}, users, ""},
		{SASL{Mechanism: SCRAM512, Username: "s", Password: NewSecret("secret")}, users, ""},
		{SASL{Mechanism: SCRAM512, Username: "s", Password: NewSecret("secret!")}, users, "it hung up during SASL authentication"},
		{SASL{Mechanism: Plain, Username: "u", Password: NewSecret("right")}, kafka, ""},
		{SASL{Mechanism: Plain, Username: "u", Password: NewSecret("right")}, old.start(t), ""},
		{SASL{Mechanism: Plain, Username: "u", Password: NewSecret("secret")}, kafka,
			`does not accept the user "u" or the password (PLAIN; it says: Authentication failed: Invalid username or password)`},
		{SASL{Mechanism: Plain, Username: "u", Password: SecretFile("/nowhere")}, kafka, "/nowhere cannot be read"},
		{SASL{Mechanism: Plain, Username: "u", Password: SecretFile("secretpw")}, kafka, "a name without a slash is a credential of systemd"},
		{SASL{Mechanism: SCRAM512, Username: "u", Password: NewSecret("right")}, kafka,
			"does not have the SASL mechanism SCRAM-SHA-512; it has PLAIN"},
		{SASL{Mechanism: Plain, Username: "u", Password: NewSecret("right")}, (&fake{}).start(t), "this port is without SASL"},
		{SASL{Mechanism: Plain, Username: "u", Password: NewSecret("right")}, hangsUp(t, "\x15\x03\x03\x00\x02\x02\x28"), ": this port wants TLS: write"},
		{SASL{Mechanism: OAuthBearer, Token: NewSecret("secret")}, refuses.start(t), `does not accept the token (OAUTHBEARER; it says: {"status":"invalid_token"})`},
	} {
		g, log := guard(Options{SASL: &test.sasl})
		c, err := connect(g, test.addr)
		if err == nil {
			c.Close()
		}
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got %v, want %q", test.sasl, err, test.want)
		}
		if text := log.String() + fmt.Sprint(err); strings.Contains(text, "secret") {
			t.Errorf("shows the password: %s", text)
		}
	}
}

// What the broker says of the life of a session, the connection knows.
func TestSession(t *testing.T) {
	right := "p"
	f := plainBroker(&right)
	f.lifetime = 3_600_000
	g, _ := guard(Options{SASL: &SASL{Mechanism: Plain, Username: "u", Password: NewSecret("p")}})
	c, err := connect(g, f.start(t))
	must(t, err)
	defer c.Close()
	if left := time.Until(c.(*Conn).Renew()); left < 47*time.Minute || left > 48*time.Minute {
		t.Errorf("renewed in %v", left)
	}
}

// A port with SASL hangs up on the second request of who does not use it; a
// broker that stops does so, too, but does not answer then.
func TestPortWantsSASL(t *testing.T) {
	f := plainBroker(new(string))
	for _, test := range []struct{ addr, want string }{
		{f.start(t), "this port wants SASL; it has PLAIN"},
		{hangsUp(t, ""), ""},
	} {
		g, log := guard(Options{})
		c, err := connect(g, test.addr)
		must(t, err)
		defer c.Close()
		s := &session{Conn: c, addr: test.addr, clientID: "test"}
		err = s.hello()
		if err == nil {
			_, err = s.ask([]byte("\x00\x00\x00\x0a\x00\x03\x00\x01\x00\x00\x00\x02\xff\xff"))
		}
		var e *Error
		if errors.As(err, &e) != (test.want != "") || e != nil && e.Problem != test.want {
			t.Errorf("got %v, want %q", err, test.want)
		}
		if logged := strings.Contains(log.String(), "level=ERROR"); logged != (test.want != "") {
			t.Errorf("logged: %s", log)
		}
	}
}

// One problem is one line in the log, at however many brokers, and one when it
// is over; an address that has it is left alone for a while.
func TestTroubleIsSaidOnce(t *testing.T) {
	y := newYard(t)
	right := "right"
	one, two := plainBroker(&right).start(t), plainBroker(&right).start(t)
	password := y.write("password", []byte("wrong"))
	g, log := guard(Options{SASL: &SASL{Mechanism: Plain, Username: "u", Password: SecretFile(password)}})
	dials := 0
	dial := g.Secure(func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials++
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	})
	try := func(addr string, well bool) {
		t.Helper()
		c, err := dial(t.Context(), "tcp", addr)
		if (err == nil) != well {
			t.Fatal(err)
		}
		if err == nil {
			c.Close()
		}
	}
	for range 3 {
		try(one, false)
		try(two, false)
	}
	g.wait(holdOff)
	try(one, false)
	if dials != 3 {
		t.Errorf("%d connections were tried", dials)
	}
	y.write("password", []byte("right"))
	try(one, false)
	g.wait(holdOff)
	try(one, true)
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "level=ERROR") {
		t.Errorf("logged:\n%s", text)
	}
	try(two, true)
	if text := log.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "level=INFO") {
		t.Errorf("logged:\n%s", text)
	}
}

// wait lets time pass for the addresses that are left alone.
func (g *Guard) wait(d time.Duration) {
	for addr, f := range g.troubles.byAddr {
		f.at = f.at.Add(-d)
		g.troubles.byAddr[addr] = f
	}
}

// The end of the context ends handshakes that are never answered.
func TestNoAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	g, _ := guard(Options{SASL: &SASL{Mechanism: Plain, Username: "u", Password: NewSecret("p")}})
	ctx, cancel := context.WithCancel(t.Context())
	went := make(chan error)
	go func() {
		_, err := g.Secure((&net.Dialer{}).DialContext)(ctx, "tcp", l.Addr().String())
		went <- err
	}()
	c, err := l.Accept()
	must(t, err)
	defer c.Close()
	_, err = io.ReadFull(c, make([]byte, 8)) // the first request has come
	must(t, err)
	cancel()
	if err := <-went; err == nil {
		t.Error("connected")
	}
}

func TestRenewal(t *testing.T) {
	now := time.Unix(1000, 0)
	if got := renewal(now, 0); !got.IsZero() {
		t.Errorf("renewed at %v without a lifetime", got)
	}
	if got := renewal(now, 10*time.Second); got != now.Add(8*time.Second) {
		t.Errorf("renewed at %v", got)
	}
}

// A file that never ends is not read for ever.
func TestLargeFile(t *testing.T) {
	if _, err := File("/dev/zero").read(); err == nil || !strings.Contains(err.Error(), "is larger than") {
		t.Errorf("got %v", err)
	}
}

// A name without a slash is a credential that systemd gives to the service.
func TestCredential(t *testing.T) {
	y := newYard(t)
	y.write("kafka-password", []byte("p\r\n"))
	t.Setenv("CREDENTIALS_DIRECTORY", y.dir)
	got, err := SecretFile("kafka-password").reveal()
	if got != "p" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	y.write("kafka-password", nil)
	if _, err := SecretFile("kafka-password").reveal(); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("empty: got %v", err)
	}
}
