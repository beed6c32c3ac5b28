package security

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// handshake encrypts a connection. The files are read anew.
func (t *TLS) handshake(ctx context.Context, nc net.Conn, addr string) (net.Conn, error) {
	config, err := t.config(addr)
	if err != nil {
		return nil, &Error{Addr: addr, Problem: err.Error(), Advice: "correct outputs.kafka.tls, or the file"}
	}
	c := tls.Client(nc, config)
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, t.explain(addr, err)
	}
	return c, nil
}

// config has no session cache: a resumed session would not look at a
// certificate again.
func (t *TLS) config(addr string) (*tls.Config, error) {
	c := &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: t.name(addr),
		// Full records from the first on: batches are large.
		DynamicRecordSizingDisabled: true,
	}
	if t.CA != "" {
		pem, err := t.CA.read()
		if err != nil {
			return nil, err
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate in PEM format", t.CA)
		}
	}
	if t.Certificate != "" {
		pair, err := t.pair()
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// pair is the client's certificate with its key.
func (t *TLS) pair() (tls.Certificate, error) {
	cert, err := t.Certificate.read()
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := t.Key.read()
	if err != nil {
		return tls.Certificate{}, err
	}
	if bytes.Contains(key, []byte("ENCRYPTED")) {
		return tls.Certificate{}, fmt.Errorf("%s is encrypted with a passphrase; "+
			"write it without one (openssl pkey -in … -out …), and let its mode or LoadCredential= protect it", t.Key)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return pair, fmt.Errorf("%s and %s: %s", t.Certificate, t.Key, strings.TrimPrefix(err.Error(), "tls: "))
	}
	return pair, nil
}

// name is what a broker's certificate must be for.
func (t *TLS) name(addr string) string {
	if t.ServerName != "" {
		return t.ServerName
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}

// explain says what an error of a TLS connection means. What may be a broker
// that stops, or a network that fails, stays an error of the connection.
func (t *TLS) explain(addr string, err error) error {
	var unknown x509.UnknownAuthorityError
	var wrong x509.HostnameError
	var invalid x509.CertificateInvalidError
	var remote *net.OpError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &unknown):
		by := "this system trusts"
		if t.CA != "" {
			by = "of " + string(t.CA)
		}
		return &Error{addr, "no authority " + by + " has signed the broker's certificate" + issued(unknown.Cert),
			"give the authority's certificate in outputs.kafka.tls.ca"}
	case errors.As(err, &wrong):
		return &Error{addr, fmt.Sprintf("the broker's certificate is for %s, not for %s", names(wrong.Certificate), wrong.Host),
			"use a name of the certificate in outputs.kafka.brokers and in the broker's advertised.listeners, or give it in outputs.kafka.tls.server_name"}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return validity(addr, "the broker's certificate", invalid.Cert, "renew it at the broker")
	case errors.As(err, &invalid):
		return &Error{addr, "the broker's certificate is not valid: " + invalid.Error(), "look at the certificate of the broker"}
	case errors.As(err, &remote) && remote.Op == "remote error":
		return t.refused(addr, remote.Err.Error())
	case errors.As(err, &record):
		return &Error{addr, "what listens there does not speak TLS", "use the broker's port for TLS, or leave outputs.kafka.tls out"}
	case hungUp(err):
		return &Broken{"it hung up on the TLS handshake: it is stopping, or this is its port for connections without TLS", err}
	}
	return &Broken{"TLS handshake", err}
}

// refused explains an alert that the broker sent: it did not like what this
// side has shown.
func (t *TLS) refused(addr, alert string) error {
	alert = strings.TrimPrefix(alert, "tls: ")
	said := fmt.Sprintf(" (it says: %s)", alert)
	switch {
	case t.Certificate == "" && strings.Contains(alert, "certificate"):
		return &Error{addr, "the broker wants a client certificate" + said, "give one in outputs.kafka.tls.certificate, with its key"}
	case strings.Contains(alert, "certificate") || t.Certificate != "":
		if pair, err := t.pair(); err == nil && pair.Leaf != nil {
			if now := time.Now(); now.After(pair.Leaf.NotAfter) || now.Before(pair.Leaf.NotBefore) {
				return validity(addr, "the client certificate "+string(t.Certificate), pair.Leaf, "renew it")
			}
		}
		return &Error{addr, "the broker refuses the client certificate " + string(t.Certificate) + said,
			"look whether the broker trusts the authority that signed it, and at the broker's log"}
	}
	return &Error{addr, "the broker refuses the TLS handshake" + said,
		"look at ssl.enabled.protocols and ssl.cipher.suites of the broker, and at its log"}
}

// validity says that a certificate is out of its time, or the clock is.
func validity(addr, what string, cert *x509.Certificate, advice string) error {
	const day = time.DateOnly + " 15:04 MST"
	problem := what + " has expired on " + cert.NotAfter.UTC().Format(day)
	if time.Now().Before(cert.NotBefore) {
		problem = what + " is valid only from " + cert.NotBefore.UTC().Format(day) + " on"
	}
	return &Error{addr, problem, advice + ", or correct the clock of this host"}
}

func issued(cert *x509.Certificate) string {
	if cert == nil || cert.Issuer.String() == "" {
		return ""
	}
	return fmt.Sprintf(" (its issuer is %q)", cert.Issuer)
}

// names is for whom a certificate is.
func names(cert *x509.Certificate) string {
	all := append([]string{}, cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		return "no name at all"
	}
	const shown = 5
	if more := len(all) - shown; more > 0 {
		return strings.Join(all[:shown], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(all, ", ")
}
