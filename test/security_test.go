package test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tailrace/test/lines"
)

// Every kind of security: exact when the agent is killed, nothing in the log of
// a healthy agent, and nowhere a secret.
func TestSecurity(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	for _, c := range []struct{ name, listener, kafka string }{
		{"tls", "TLS", "tls: {ca: <ca.pem>}"},
		{"client-certificate", "MTLS", "tls: {ca: <ca.pem>, certificate: <client.pem>, key: <client.key>}"},
		{"plain", "SASLTLS", "tls: {ca: <ca.pem>}\nsasl: {mechanism: plain, username: tailrace, password_file: <password>}"},
		{"plain-in-clear", "SASLCLEAR", "sasl: {mechanism: plain, username: tailrace, password: " + password + "}"},
		{"scram-sha-256", "SASLTLS", "tls: {ca: <ca.pem>}\nsasl: {mechanism: scram-sha-256, username: tailrace, password_file: <password>}"},
		{"scram-sha-512", "SASLTLS", "tls: {ca: <ca.pem>}\nsasl: {mechanism: scram-sha-512, username: tailrace, password_file: <password>}"},
		{"token-endpoint", "SASLTLS", "tls: {ca: <ca.pem>}\nsasl: {mechanism: oauthbearer, token_url: <token-url>, client_id: tailrace, client_secret_file: <token-secret>}"},
		{"kerberos", "KERBEROS", "sasl: {mechanism: kerberos, principal: tailrace@EXAMPLE.COM, keytab: <keytab>}"},
		{"token-file", "SASLCLEAR", "sasl: {mechanism: oauthbearer, token_file: <token>}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := random(t)
			st := newStage(t, v.Broker, 2, r.Uint64(), config{broker: v.Listeners[c.listener], kafka: v.expand(c.kafka)})
			st.agent.start()
			stop := st.write(lines.Load{Rate: 500, Rotate: 3 * time.Second, Keep: 50})
			for range max(2, kills(t)/6) {
				wait(t, 2*lifetime(r))
				st.agent.kill()
				st.agent.start()
			}
			wait(t, 5*time.Second) // longer than users of SCRAM-SHA-256 are trusted
			stop()
			st.arrive()
			st.agent.secretive()
			st.check()
			st.commands()
		})
	}
	for _, c := range securityTroubles {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.check(t, v)
		})
	}
	t.Run("password-changes", func(t *testing.T) {
		t.Parallel()
		passwordChanges(t, v)
	})
	t.Run("certificate-changes", func(t *testing.T) {
		t.Parallel()
		certificateChanges(t, v)
	})
}

// commands sends and reads a message as the configuration says how to connect.
func (st *stage) commands() {
	st.t.Helper()
	for _, args := range [][]string{{"send", "good morning"}, {"consume"}} {
		out, errs, status := command(st.t, append(args, "--config", st.agent.conf, "--topic", st.topic)...)
		if status != 0 || args[0] == "consume" && !strings.Contains(out, "good morning") {
			st.t.Errorf("%s: status %d\n%s", args[0], status, errs)
		}
	}
}

// secretive ends the agent with a dump of all that its goroutines do, after
// everything that shows what it does was asked, and looks for secrets.
func (a *agent) secretive() {
	a.t.Helper()
	var seen strings.Builder
	for _, args := range [][]string{{"status"}, {"status", "--json"}, {"explain", "/"}, {"check", "--connect"}} {
		out, errs, _ := command(a.t, append(args, "--config", a.conf)...)
		seen.WriteString(out + errs)
	}
	a.healthy()
	must(a.t, a.run.cmd.Process.Signal(syscall.SIGQUIT))
	a.wait(stopLimit)
	seen.WriteString(a.said())
	must(a.t, filepath.Walk(a.state, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			var data []byte
			data, err = os.ReadFile(path)
			seen.Write(data)
		}
		return err
	}))
	if text := seen.String(); strings.Contains(text, "5ecret") || strings.Contains(text, "eyJ") {
		a.t.Errorf("shows a secret:\n%s", text)
	}
}

// healthy fails the test if the agent has warned of anything.
func (a *agent) healthy() {
	a.t.Helper()
	a.troubles(0)
}

// troubles fails the test unless the agent has warned so often.
func (a *agent) troubles(want int) {
	a.t.Helper()
	var said []string
	for line := range strings.Lines(a.said()) {
		if strings.Contains(line, "level=WARN") || strings.Contains(line, "level=ERROR") {
			said = append(said, line)
		}
	}
	if len(said) != want {
		a.t.Errorf("%d warnings, want %d:\n%s", len(said), want, strings.Join(said, ""))
	}
}
