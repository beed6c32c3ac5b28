package test

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tailrace/test/kafka"
	"tailrace/test/pki"
)

// Secrets that must never be seen.
const (
	password    = "5ecret-of-tailrace"
	tokenSecret = "5ecret-of-the-endpoint"
)

// vault is a broker with listeners of every kind of security, and what its
// clients need.
type vault struct {
	*kafka.Broker
	t      *testing.T
	dir    string
	ca     *pki.Authority
	tokens *httptest.Server // gives tokens for client credentials
	kdc    *kdc
}

// newVault starts the broker. Users of SCRAM-SHA-256 must authenticate again
// every 4 s.
func newVault(t *testing.T) *vault {
	t.Helper()
	needKafka(t)
	v := &vault{t: t, dir: tempDir(t)}
	var err error
	v.ca, err = pki.New("ours")
	must(t, err)
	v.write("ca.pem", v.ca.PEM)
	other, err := pki.New("other")
	must(t, err)
	v.write("other.pem", other.PEM)
	v.write("password", []byte(password+"\n"))
	v.write("token-secret", []byte(tokenSecret))
	v.write("token", []byte(token(time.Hour)))
	v.write("old-token", []byte(token(-time.Hour)))
	v.client("client", pki.Leaf{})
	v.client("old-client", pki.Leaf{To: time.Now().Add(-time.Minute)})
	v.tokens = v.endpoint()
	v.kdc = newKDC(t)

	settings := map[string]string{
		"ssl.keystore.type": "PEM", "ssl.keystore.location": v.keystore("broker", pki.Leaf{}),
		"ssl.truststore.type": "PEM", "ssl.truststore.location": v.path("ca.pem"),
		"listener.name.mtls.ssl.client.auth":          "required",
		"listener.name.expired.ssl.keystore.location": v.keystore("expired", pki.Leaf{To: time.Now().Add(-time.Minute)}),
		"listener.name.other.ssl.keystore.location":   v.keystore("other", pki.Leaf{Hosts: []string{"kafka-1"}}),
		"listener.name.expired.ssl.keystore.type":     "PEM", "listener.name.other.ssl.keystore.type": "PEM",
	}
	for key, value := range quietBroker {
		settings[key] = value
	}
	v.kerberos(settings)
	const modules = "org.apache.kafka.common.security."
	for _, listener := range []string{"sasltls", "saslclear"} {
		prefix := "listener.name." + listener + "."
		settings[prefix+"sasl.enabled.mechanisms"] = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER"
		settings[prefix+"plain.sasl.jaas.config"] = modules + `plain.PlainLoginModule required user_tailrace="` + password + `";`
		settings[prefix+"scram-sha-256.sasl.jaas.config"] = modules + "scram.ScramLoginModule required;"
		settings[prefix+"scram-sha-512.sasl.jaas.config"] = modules + "scram.ScramLoginModule required;"
		settings[prefix+"oauthbearer.sasl.jaas.config"] = modules + `oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`
		settings[prefix+"scram-sha-256.connections.max.reauth.ms"] = "4000"
	}
	v.Broker, err = kafka.Start(t.Context(), kafka.Options{
		Dir: tempDir(t), Settings: settings,
		Listeners: map[string]string{
			"TLS": "SSL", "MTLS": "SSL", "EXPIRED": "SSL", "OTHER": "SSL", "SASLTLS": "SASL_SSL", "SASLCLEAR": "SASL_PLAINTEXT",
			"KERBEROS": "SASL_PLAINTEXT",
		},
		JVM: []string{"-Djava.security.krb5.conf=" + v.kdc.conf},
		Format: []string{
			"--add-scram", "SCRAM-SHA-256=[name=tailrace,password=" + password + "]",
			"--add-scram", "SCRAM-SHA-512=[name=tailrace,password=" + password + "]",
		},
	})
	must(t, err)
	t.Cleanup(v.Close)
	return v
}

// kerberos has the listener KERBEROS take tickets of the KDC.
func (v *vault) kerberos(settings map[string]string) {
	v.t.Helper()
	// All programs that a test starts read it; no other test has a realm.
	must(v.t, os.Setenv("KRB5_CONFIG", v.kdc.conf))
	v.kdc.keytab("kafka/127.0.0.1", v.path("broker.keytab"))
	v.kdc.keytab("tailrace", v.path("old-keytab"))
	v.kdc.keytab("tailrace", v.path("keytab")) // the key in the first is not good any more
	settings["sasl.kerberos.service.name"] = "kafka"
	settings["listener.name.kerberos.sasl.enabled.mechanisms"] = "GSSAPI"
	settings["listener.name.kerberos.gssapi.sasl.jaas.config"] = "com.sun.security.auth.module.Krb5LoginModule required " +
		`useKeyTab=true storeKey=true keyTab="` + v.path("broker.keytab") + `" principal="kafka/127.0.0.1@` + realm + `";`
}

func (v *vault) path(name string) string { return filepath.Join(v.dir, name) }

func (v *vault) write(name string, data []byte) {
	v.t.Helper()
	must(v.t, os.WriteFile(v.path(name), data, 0o600))
}

// keystore is a key with its certificate in one file, as Kafka reads them.
func (v *vault) keystore(name string, l pki.Leaf) string {
	v.t.Helper()
	cert, key, err := v.ca.Sign(l)
	must(v.t, err)
	v.write(name+".keystore", append(key, cert...))
	return v.path(name + ".keystore")
}

// client writes a certificate for clients, and its key.
func (v *vault) client(name string, l pki.Leaf) {
	v.t.Helper()
	cert, key, err := v.ca.Sign(l)
	must(v.t, err)
	v.write(name+".pem", cert)
	v.write(name+".key", key)
}

var fileName = regexp.MustCompile(`<([a-z.-]+)>`)

// expand puts paths of the vault's files in place of their names, <ca.pem>, and
// the address of the endpoint in place of <token-url>.
func (v *vault) expand(yaml string) string {
	yaml = strings.ReplaceAll(yaml, "<token-url>", v.tokens.URL)
	return fileName.ReplaceAllString(yaml, v.dir+"/$1") + "\n"
}

// endpoint gives tokens to who knows the secret.
func (v *vault) endpoint() *httptest.Server {
	v.t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		w.Header().Set("Content-Type", "application/json")
		if r.FormValue("grant_type") != "client_credentials" || id != "tailrace" || secret != tokenSecret {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error": "invalid_client"}`)
			return
		}
		fmt.Fprintf(w, `{"access_token": %q, "token_type": "Bearer", "expires_in": 60}`, token(time.Minute))
	}))
	pair, err := v.ca.Pair(pki.Leaf{})
	must(v.t, err)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	s.StartTLS()
	v.t.Cleanup(s.Close)
	return s
}

// token is an unsigned JSON Web Token: a broker without further settings takes
// those.
func token(life time.Duration) string {
	part := func(claims map[string]any) string {
		data, err := json.Marshal(claims)
		if err != nil {
			panic(err) // only strings and numbers
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	now := time.Now()
	return part(map[string]any{"alg": "none"}) + "." +
		part(map[string]any{"sub": "tailrace", "iat": now.Unix() - 1, "exp": now.Add(life).Unix()}) + "."
}
