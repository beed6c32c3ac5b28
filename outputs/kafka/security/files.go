package security

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"time"
)

// Problem is what is wrong with a file that the options name.
type Problem struct {
	File File
	Text string
	// Unknown says that nothing can be told: only the service has this file.
	Unknown bool
}

// Problems reads all files that the options name, as the next connection would,
// and tells what would keep it from being secured.
func (o Options) Problems() (all []Problem) {
	add := func(f File, err error) {
		if err != nil {
			all = append(all, Problem{f, err.Error(), f.credential() && os.Getenv("CREDENTIALS_DIRECTORY") == ""})
		}
	}
	if t := o.TLS; t != nil {
		if t.CA != "" {
			add(t.CA, t.checkAuthorities())
		}
		if t.Certificate != "" {
			add(t.Certificate, t.checkPair())
		}
	}
	if s := o.SASL; s != nil {
		for _, secret := range []Secret{s.Password, s.Token, s.ClientSecret} {
			if secret.file != "" {
				_, err := secret.reveal()
				add(secret.file, err)
			}
		}
		if s.Keytab != "" {
			_, err := (&authenticator{SASL: *s}).keys()
			add(s.Keytab, err)
		}
	}
	return all
}

// credential says that it is one of systemd's.
func (f File) credential() bool { return !strings.Contains(string(f), "/") }

// checkAuthorities says why no broker could be proved by the file of authorities.
func (t *TLS) checkAuthorities() error {
	if _, err := (&TLS{CA: t.CA}).config(""); err != nil {
		return err
	}
	data, err := t.CA.read()
	if err != nil {
		return err
	}
	var last *x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			continue
		}
		if last = cert; timely(cert) {
			return nil
		}
	}
	return outOfTime("every certificate in "+string(t.CA), last)
}

// checkPair says why a broker would refuse the client's certificate.
func (t *TLS) checkPair() error {
	pair, err := t.pair()
	if err != nil || pair.Leaf == nil || timely(pair.Leaf) {
		return err
	}
	return outOfTime("the client certificate "+string(t.Certificate), pair.Leaf)
}

func timely(cert *x509.Certificate) bool {
	now := time.Now()
	return !now.After(cert.NotAfter) && !now.Before(cert.NotBefore)
}

func outOfTime(what string, cert *x509.Certificate) error {
	if cert == nil {
		return nil
	}
	e := validity("", what, cert, "renew it").(*Error)
	return fmt.Errorf("%s: %s", e.Problem, e.Advice)
}
