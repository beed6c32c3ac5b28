package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// certificate writes one that is valid until then, with its key.
func certificate(t *testing.T, until time.Time) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: until.Add(-2 * time.Hour), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert = writeFile(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	return cert, writeFile(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
}

// check reads all files with secrets, without any broker, and says which key of
// the configuration names one that will not do.
func TestCheckSecrets(t *testing.T) {
	good, key := certificate(t, time.Now().Add(time.Hour))
	old, oldKey := certificate(t, time.Now().Add(-time.Hour))
	password, empty := writeFile(t, "password", "secret\n"), writeFile(t, "empty", "\n")
	gone := filepath.Join(t.TempDir(), "gone")
	f := func(name, security string, want ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			_, cfg := logs(t, "kafka: {brokers: [localhost:1], "+security+"}")
			if len(want) == 0 {
				mustRun(t, "check", "--config", cfg)
				return
			}
			for i := range want {
				want[i] = strings.ReplaceAll(want[i], "AT", "! "+cfg+":2:")
			}
			mustFail(t, exitFailed, want, "check", "--config", cfg)
			if out, _, _ := tailrace("check", "--config", cfg); strings.Contains(out, "no problems") {
				t.Errorf("says that there are no problems: %s", out)
			}
		})
	}
	f("all is well", "tls: {ca: "+good+", certificate: "+good+", key: "+key+"}, sasl: {mechanism: plain, username: u, password_file: "+password+"}")
	f("missing", "tls: {ca: "+gone+"}", "AT", "outputs.kafka.tls.ca: "+gone+" cannot be read: no such file or directory")
	f("no PEM", "tls: {ca: "+password+"}", "AT", "outputs.kafka.tls.ca: "+password+" has no certificate in PEM format")
	f("another key", "tls: {certificate: "+good+", key: "+oldKey+"}", "AT", "outputs.kafka.tls.certificate: ", "private key does not match public key")
	f("expired", "tls: {certificate: "+old+", key: "+oldKey+"}", "AT", "the client certificate "+old+" has expired on", "renew it")
	f("expired authority", "tls: {ca: "+old+"}", "AT", "every certificate in "+old+" has expired on")
	f("empty password", "tls: true, sasl: {mechanism: plain, username: u, password_file: "+empty+"}", "AT", "outputs.kafka.sasl.password_file: "+empty+" is empty")
	f("no keytab", "sasl: {mechanism: kerberos, principal: a@B, keytab: "+password+"}", "AT", "outputs.kafka.sasl.keytab: "+password+" is no keytab")

	several := writeFile(t, "config.yaml", "inputs: [{paths: [/x/*.log], topic: app, output: main}]\n"+
		"outputs: {main: {kafka: {brokers: [localhost:1], tls: {ca: "+gone+"}}}}\n")
	mustFail(t, exitFailed, []string{"outputs.main.kafka.tls.ca: " + gone + " cannot be read"}, "check", "--config", several)

	t.Setenv("CREDENTIALS_DIRECTORY", "")
	_, cfg := logs(t, "kafka: {brokers: [localhost:1], sasl: {mechanism: plain, username: u, password_file: 5ecret}}")
	if out, _ := mustRun(t, "check", "--config", cfg); !strings.Contains(out, "a name without a slash is a credential of systemd") || strings.Contains(out, "5ecret") {
		t.Errorf("got %s", out)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", t.TempDir())
	if out, _, _ := tailrace("check", "--config", cfg); !strings.Contains(out, "the credential of systemd that is named there") || strings.Contains(out, "5ecret") {
		t.Errorf("got %s", out)
	}
}

// What is the same for all partitions of a topic is said once, and so is the
// number of them.
func TestCheckManyPartitions(t *testing.T) {
	_, addr := fake(t, kfake.SeedTopics(12, "app"))
	cfg := writeFile(t, "config.yaml", "inputs: [{paths: [/x/*.log], topic: app, key: path}]\noutputs: {kafka: {brokers: ["+addr+"]}}\nhostname: web-1\n")
	out, _ := mustRun(t, "check", "--config", cfg, "--connect")
	if !strings.Contains(out, "Lines of host web-1 go to 12 partitions.") || strings.Count(out, "Copies in sync") != 1 {
		t.Errorf("got %s", out)
	}
}

// A file that is not there leaves nothing behind.
func TestSendNoDeadLetters(t *testing.T) {
	name := filepath.Join(t.TempDir(), "nope")
	mustFail(t, exitFailed, []string{"no such file or directory"}, "send", "--dead-letter", name, "--brokers", "localhost:1")
	if left, _ := filepath.Glob(name + "*"); len(left) > 0 {
		t.Errorf("there is %s", left)
	}
	mustFail(t, exitFailed, []string{"there is 1 argument"}, "check", "x")
}
