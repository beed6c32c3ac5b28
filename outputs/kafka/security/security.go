// Package security makes a TCP connection to a Kafka broker one that may be
// used: encrypted with TLS, and authenticated with SASL.
//
// Certificates, passwords and tokens are read from their files for each new
// connection, so that what changes on disk is used without a restart.
package security

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"
)

// Options is how the brokers want their connections. The zero value is plain
// connections without a user.
type Options struct {
	TLS  *TLS
	SASL *SASL
}

// TLS is how a connection is encrypted, and what proves who is at its ends.
// The fields are paths of PEM files as File has them; empty ones are left out.
type TLS struct {
	CA          File   // authorities that sign brokers' certificates; empty: those that the system trusts
	Certificate File   // of this client, with the chain behind it
	Key         File   // of Certificate
	ServerName  string // that a broker's certificate must have; empty: the host name that is connected to
}

// Mechanisms of SASL, as the configuration names them.
const (
	Plain       = "plain"
	SCRAM256    = "scram-sha-256"
	SCRAM512    = "scram-sha-512"
	OAuthBearer = "oauthbearer"
	AWSMSKIAM   = "aws-msk-iam"
	Kerberos    = "kerberos"
)

// Mechanisms is all of them.
var Mechanisms = []string{Plain, SCRAM256, SCRAM512, OAuthBearer, AWSMSKIAM, Kerberos}

// SASL is who this client is. Which fields are set depends on the mechanism.
type SASL struct {
	Mechanism string

	// Plain, SCRAM256, SCRAM512.
	Username string
	Password Secret // also of Kerberos

	// OAuthBearer: a file with a token, or an endpoint that gives tokens for
	// client credentials (RFC 6749, section 4.4).
	Token        Secret
	TokenURL     string
	ClientID     string
	ClientSecret Secret
	Scopes       []string
	Extensions   map[string]string // of RFC 7628, such as Confluent's logicalCluster

	// Kerberos: the principal NAME@REALM with a keytab, or with a password.
	Principal string
	Keytab    File
	Service   string // first part of the brokers' principal
}

// Dial opens a connection.
type Dial func(ctx context.Context, network, addr string) (net.Conn, error)

// Placed is an advice of this package for options that the configuration has at
// place, or at outputs.kafka when that is empty.
func Placed(advice, place string) string {
	if place == "" {
		return advice
	}
	return strings.ReplaceAll(advice, "outputs.kafka", place)
}

// Guard opens connections as the options want them. It is safe for any
// goroutine.
type Guard struct {
	options  Options
	clientID string
	place    string
	auth     *authenticator // nil without SASL
	troubles troubles
}

// timeout bounds the handshakes of one connection.
const timeout = 10 * time.Second

// New returns a guard that logs what is wrong with the security of the
// connections: when it begins, and when it has ended. place is as Placed takes it.
func New(o Options, clientID, place string, log *slog.Logger) *Guard {
	g := &Guard{options: o, clientID: clientID, place: place, troubles: troubles{log: log}}
	if o.SASL != nil {
		g.auth = newAuthenticator(*o.SASL, o.TLS)
	}
	return g
}

// Secure gives a dial that secures what tcp opens, and closes it when that
// fails. An error of type *Error says what is wrong with the security; after
// one, the address is left alone for a while, since brokers slow down who
// comes with a wrong password, and some directories lock him out.
func (g *Guard) Secure(tcp Dial) Dial { return (&opener{g, tcp}).open }

// opener opens connections for one kind of work. Any goroutine.
type opener struct {
	*Guard
	tcp Dial
}

func (o *opener) open(ctx context.Context, network, addr string) (net.Conn, error) {
	if e := o.troubles.recent(addr); e != nil {
		return nil, e
	}
	nc, err := o.tcp(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	secured, err := o.secure(ctx, nc, addr)
	if err != nil {
		_ = nc.Close()
		err = o.placed(o.diagnose(ctx, addr, err))
	}
	if _, ok := secured.(*unproven); !ok || err != nil {
		o.troubles.note(addr, err)
	}
	return secured, err
}

// placed is err with the place of the options.
func (g *Guard) placed(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	return &Error{e.Addr, e.Problem, Placed(e.Advice, g.place)}
}

// secure does what the options want.
func (o *opener) secure(ctx context.Context, nc net.Conn, addr string) (net.Conn, error) {
	if o.options == (Options{}) {
		return &unproven{Conn: nc, addr: addr, opener: o}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = nc.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	s, err := o.greet(ctx, nc, addr)
	if err != nil {
		return nil, err
	}
	greeted := &unproven{Conn: s.Conn, addr: addr, opener: o, heard: true}
	greeted.writes.Store(1)
	var secured net.Conn = greeted
	if o.auth != nil {
		lifetime, err := o.auth.authenticate(ctx, s)
		if err != nil {
			return nil, err
		}
		secured = &Conn{Conn: s.Conn, renew: renewal(time.Now(), lifetime)}
	}
	if !stop() {
		return nil, ctx.Err() // its deadline has passed, or is about to be set
	}
	return secured, nil
}

// greet encrypts a connection and sends the first request.
func (o *opener) greet(ctx context.Context, nc net.Conn, addr string) (*session, error) {
	t := o.options.TLS
	if t != nil {
		var err error
		if nc, err = t.handshake(ctx, nc, addr); err != nil {
			return nil, err
		}
	}
	s := &session{Conn: nc, addr: addr, clientID: o.clientID, tls: t}
	return s, s.hello()
}

// Conn is an authenticated connection.
type Conn struct {
	net.Conn
	renew time.Time
}

// Renew is when the connection should be left for a new one, before the broker
// wants its user to be authenticated again; zero: never.
func (c *Conn) Renew() time.Time { return c.renew }

// renewal leaves a fifth of the lifetime for what is under way.
func renewal(now time.Time, lifetime time.Duration) time.Time {
	if lifetime <= 0 {
		return time.Time{}
	}
	return now.Add(lifetime - lifetime/5)
}

// Words is what the options are in a few words without secrets, for people.
func (o Options) Words() string {
	words := "plain connections"
	if o.TLS != nil {
		words = "TLS"
		if o.TLS.Certificate != "" {
			words = "TLS with a client certificate"
		}
	}
	if s := o.SASL; s != nil {
		words += ", SASL " + s.Mechanism
		if who := s.who(); who != "" {
			words += " as " + who
		}
	}
	return words
}

// InClear reports whether a password or a token would travel unencrypted.
func (o Options) InClear() bool {
	return o.TLS == nil && o.SASL != nil && slices.Contains([]string{Plain, OAuthBearer}, o.SASL.Mechanism)
}

// who is the name that this client gives itself.
func (s *SASL) who() string {
	switch s.Mechanism {
	case OAuthBearer:
		return s.ClientID
	case Kerberos:
		return s.Principal
	}
	return s.Username
}
