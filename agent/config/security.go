package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"tailrace/outputs/kafka/security"
)

// DefaultService is the first part of the brokers' Kerberos principal.
const DefaultService = "kafka"

// tls is true, or an authority and a certificate of one's own.
func (v value) tls() *security.TLS {
	node := v.resolve()
	if node.Kind == yaml.ScalarNode && node.Tag == "!!bool" {
		if strings.EqualFold(node.Value, "true") {
			return &security.TLS{}
		}
		return nil
	}
	if node.Kind != yaml.MappingNode {
		v.problem("expected true, or keys with values (ca, certificate, key, server_name), found %s", v.describe(node))
		return nil
	}
	t := &security.TLS{}
	if v.mapping(fields{
		"ca":          func(v value) { t.CA, _ = v.filePath() },
		"certificate": func(v value) { t.Certificate, _ = v.filePath() },
		"key":         func(v value) { t.Key, _ = v.filePath() },
		"server_name": func(v value) { t.ServerName, _ = v.name() },
	}, foreignTLS) {
		switch has := v.has(); {
		case has("certificate") && !has("key"):
			v.missing("key", "the file with the private key of the certificate")
		case has("key") && !has("certificate"):
			v.missing("certificate", "the file with the certificate that the key belongs to")
		}
	}
	return t
}

// saslKeys is which keys each mechanism has, beside mechanism.
var saslKeys = map[string][]string{
	security.Plain:       {"username", "password", "password_file"},
	security.SCRAM256:    {"username", "password", "password_file"},
	security.SCRAM512:    {"username", "password", "password_file"},
	security.OAuthBearer: {"token_file", "token_url", "client_id", "client_secret", "client_secret_file", "scopes", "extensions"},
	security.AWSMSKIAM:   {},
	security.Kerberos:    {"principal", "keytab", "password", "password_file", "service"},
}

// saslNames is what Kafka calls the mechanisms, where that is another word.
var saslNames = map[string]string{"gssapi": security.Kerberos, "aws_msk_iam": security.AWSMSKIAM}

// sasl is who this client is.
func (v value) sasl() *security.SASL {
	v.hidden = true // a password may stand at a wrong place
	s := &security.SASL{}
	given := map[string]value{}
	known := saslFields(s)
	for key, take := range known {
		known[key] = func(v value) { given[key] = v; take(v) }
	}
	if !v.mapping(known, foreignSASL) {
		return s
	}
	if _, ok := given["mechanism"]; !ok {
		v.missing("mechanism", "one of "+strings.Join(security.Mechanisms, ", "))
	}
	if s.Mechanism == "" {
		return s
	}
	if s.Mechanism == security.Kerberos && s.Service == "" {
		s.Service = DefaultService
	}
	v.suits(s.Mechanism, given)
	return s
}

func saslFields(s *security.SASL) fields {
	secret := func(into *security.Secret) func(v value) {
		return func(v value) {
			if text, ok := v.secret(); ok {
				*into = security.NewSecret(text)
			}
		}
	}
	file := func(into *security.Secret) func(v value) {
		return func(v value) {
			if name, ok := v.filePath(); ok {
				*into = security.SecretFile(name)
			}
		}
	}
	return fields{
		"mechanism":          func(v value) { s.Mechanism, _ = v.mechanism() },
		"username":           func(v value) { s.Username, _ = v.name() },
		"password":           secret(&s.Password),
		"password_file":      file(&s.Password),
		"token_file":         file(&s.Token),
		"token_url":          func(v value) { s.TokenURL, _ = v.url() },
		"client_id":          func(v value) { s.ClientID, _ = v.name() },
		"client_secret":      secret(&s.ClientSecret),
		"client_secret_file": file(&s.ClientSecret),
		"scopes":             func(v value) { s.Scopes = v.names("[kafka]") },
		"extensions":         func(v value) { s.Extensions = v.fields() },
		"principal":          func(v value) { s.Principal, _ = v.principal() },
		"keytab":             func(v value) { s.Keytab, _ = v.filePath() },
		"service":            func(v value) { s.Service, _ = v.name() },
	}
}

// suits reports keys that the mechanism does not have, keys that exclude each
// other, and those that are missing.
func (v value) suits(mechanism string, given map[string]value) {
	for key, at := range given {
		if key != "mechanism" && !slices.Contains(saslKeys[mechanism], key) {
			at.problem("is not for the mechanism %s; remove it, or correct the mechanism", mechanism)
		}
	}
	oneOf := func(hint string, keys ...string) {
		n := 0
		for _, key := range keys {
			if at, ok := given[key]; ok {
				if n++; n > 1 {
					at.problem("excludes %s; keep one of them", keys[0])
				}
			}
		}
		if n == 0 {
			v.missing(keys[0], hint)
		}
	}
	const secret = "the file that it is in is safer than the text itself in "
	switch mechanism {
	case security.Plain, security.SCRAM256, security.SCRAM512:
		oneOf("the user's name", "username")
		oneOf(secret+"password", "password_file", "password")
	case security.OAuthBearer:
		oneOf("the file with a token, or token_url with client_id and client_secret_file", "token_file", "token_url")
		if _, ok := given["token_url"]; ok {
			oneOf("as whom the endpoint knows this client", "client_id")
			oneOf(secret+"client_secret", "client_secret_file", "client_secret")
		}
	case security.Kerberos:
		oneOf("who this client is, like tailrace@EXAMPLE.COM", "principal")
		oneOf("the file with the principal's key", "keytab", "password_file", "password")
	}
}

// mechanism is one of SASL's, also as Kafka writes it.
func (v value) mechanism() (string, bool) {
	s, ok := v.text()
	if !ok {
		return "", false
	}
	s = strings.ToLower(s)
	if name := saslNames[s]; name != "" {
		s = name
	}
	if !slices.Contains(security.Mechanisms, s) {
		hint := ""
		if near, ok := Nearest(s, security.Mechanisms); ok {
			hint = "; did you mean " + near + "?"
		}
		v.problem("is not one of %s%s", strings.Join(security.Mechanisms, ", "), hint)
		return "", false
	}
	return s, true
}

// secret is a text that no problem shows, whatever it looks like to YAML.
func (v value) secret() (string, bool) {
	v.hidden = true
	node := v.resolve()
	if node.Kind == yaml.ScalarNode && !isNull(node) && node.Value == "" {
		v.problem("is empty; give it a value")
		return "", false
	}
	return v.scalar("a text in quotes")
}

// filePath is an absolute path, or the name of a credential of systemd.
func (v value) filePath() (security.File, bool) {
	s, ok := v.text()
	if ok && strings.Contains(s, "/") && !strings.HasPrefix(s, "/") {
		v.problem("is a relative path; write the whole one, or only the name of a credential that systemd gives (LoadCredential=)")
		return "", false
	}
	if ok {
		if v.l.cfg.Places == nil {
			v.l.cfg.Places = map[security.File]string{}
		}
		at := v.at()
		v.l.cfg.Places[security.File(s)] = fmt.Sprintf("%s:%d:%d: %s", at.file, at.line, at.column, at.key)
	}
	return security.File(s), ok
}

// url is where tokens are asked for.
func (v value) url() (string, bool) {
	s, ok := v.text()
	if !ok {
		return "", false
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		v.problem("is not an address like https://login.example.com/oauth2/token")
		return "", false
	case u.User != nil:
		v.problem("has a user in it, which would be seen in logs; give client_id and client_secret_file instead")
		return "", false
	}
	return s, true
}

// names is a list of texts.
func (v value) names(example string) (names []string) {
	v.list(example, func(v value) {
		if s, ok := v.name(); ok {
			names = append(names, s)
		}
	})
	return names
}

// principal is a name of Kerberos with its realm.
func (v value) principal() (string, bool) {
	s, ok := v.name()
	if !ok {
		return "", false
	}
	if name, realm, _ := strings.Cut(s, "@"); name == "" || realm == "" || strings.Contains(realm, "@") {
		v.problem("%q is not a principal with its realm, like tailrace@EXAMPLE.COM", s)
		return "", false
	}
	return s, true
}

// has says which keys a mapping has.
func (v value) has() func(key string) bool {
	node := v.resolve()
	return func(key string) bool {
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == key {
				return true
			}
		}
		return false
	}
}
