package test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tailrace/test/port"
)

const realm = "EXAMPLE.COM"

// kdc is a Kerberos key distribution centre, MIT's.
type kdc struct {
	t    *testing.T
	dir  string
	conf string // path of krb5.conf
}

// needKDC skips a test where there is none. In CI nothing is skipped.
func needKDC(t *testing.T) {
	t.Helper()
	for _, name := range []string{"krb5kdc", "kdb5_util", "kadmin.local"} {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skipf("needs Debian's krb5-kdc and krb5-admin-server: %v", err)
		}
	}
}

// newKDC starts one with an empty realm. It dies with the test.
func newKDC(t *testing.T) *kdc {
	t.Helper()
	needKDC(t)
	k := &kdc{t: t, dir: tempDir(t)}
	at := port.Held(t)
	k.conf = k.write("krb5.conf", fmt.Sprintf(`[libdefaults]
default_realm = %s
dns_lookup_kdc = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
[realms]
%[1]s = {
  kdc = %s
}
`, realm, at.Addr))
	k.write("kdc.conf", fmt.Sprintf(`[realms]
%s = {
  database_name = %s/principal
  key_stash_file = %[2]s/stash
  acl_file = %[2]s/acl
  kdc_listen = ""
  kdc_tcp_listen = %s
}
`, realm, k.dir, at.Addr))
	k.run("kdb5_util", "create", "-s", "-P", "master", "-r", realm)
	cmd := k.command("krb5kdc", "-n", "-r", realm)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	must(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	until(t, stalled, "the KDC listens", func() bool {
		c, err := net.Dial("tcp", at.Addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return k
}

func (k *kdc) write(name, text string) string {
	k.t.Helper()
	path := filepath.Join(k.dir, name)
	must(k.t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

func (k *kdc) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "KRB5_CONFIG="+k.conf, "KRB5_KDC_PROFILE="+filepath.Join(k.dir, "kdc.conf"))
	return cmd
}

func (k *kdc) run(name string, args ...string) {
	k.t.Helper()
	if out, err := k.command(name, args...).CombinedOutput(); err != nil {
		k.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// keytab makes a principal, if it is new, and a new key for it in a file.
func (k *kdc) keytab(principal, file string) {
	k.t.Helper()
	k.run("kadmin.local", "-r", realm, "-q", "addprinc -randkey "+principal)
	k.run("kadmin.local", "-r", realm, "-q", "ktadd -k "+file+" "+principal)
}
