package rotation

import (
	"slices"
	"testing"
)

func TestFamily(t *testing.T) {
	f := func(base, name, want string) {
		t.Helper()
		g, ok := Parse(base, name)
		got := "none"
		if ok {
			got = []string{"itself", "number", "date"}[g.Kind]
			if g.Packed {
				got += " packed"
			}
		}
		if got != want {
			t.Errorf("%s of %s is %s, want %s", name, base, got, want)
		}
	}
	f("app.log", "app.log", "itself")
	f("app.log", "app.log.1", "number")
	f("app.log", "app.log.12.gz", "number packed")
	f("app.log", "app.log-3.zst", "number packed")
	f("app.log", "app.log.gz", "number packed")
	f("app.log", "app.log.old", "number")
	f("app.log", "app.1.log", "number")
	f("app.log", "app.1", "number")
	f("app.log", "app-20260131.gz", "date packed")
	f("app.log", "app.gz", "none")
	f("app.log", "app-20260131.log", "date")
	f("app.log", "app.log-20260131", "date")
	f("app.log", "app.log-20260131.xz", "date packed")
	f("app.log", "app.log.2026-01-31_12:30", "date")
	f("app.log", "app.log-1769817600", "date")
	f("syslog", "syslog.2.bz2", "number packed")
	// log4j2, logback, lumberjack, python, nginx, multilog
	f("app.log", "app-01-31-2026-1.log.gz", "date packed")
	f("app.log", "app.2026-01-31.0.log", "date")
	f("app.log", "app-2026-01-31T15-04-05.000.log", "date")
	f("app.log", "app.log.2026-01-31_15-04", "date")
	f("access.log", "access.log.0", "number")
	// pm2-logrotate, loguru, log4js, MongoDB, newsyslog, Kubernetes
	f("app-out.log", "app-out__2026-01-31_00-00-01.log", "date")
	f("app-out.log", "app-out__2026-01-31_00-00-01.log.gz", "date packed")
	f("app.log", "app.2026-01-31_00-00-01_123456.log", "date")
	f("app.log", "app.2026-01-31.1.log.gz", "date packed")
	f("mongod.log", "mongod.log.2026-01-31T00-00-01", "date")
	f("messages", "messages.20260131T000001.bz2", "date packed")
	f("0.log", "0.log.20260131-000001.gz", "date packed")
	// WebSphere, Liberty, WebLogic, MySQL
	f("SystemOut.log", "SystemOut_26.01.31_12.30.01.log", "date")
	f("messages.log", "messages_26.01.31_12.30.01.0.log", "date")
	f("server.log", "server.log00001", "number")
	f("slow.log", "slow.log-old", "number")
	f("server.log", "server.log10001", "none") // it has as many digits as a port
	f("app.log", "app___2026-01-31.log", "none")
	f("current", "@4000000065b8f1a01d2c3b4c.s", "date")
	f("current", "@4000000065b8f1a01d2c3b4c.u", "date")
	f("app.log", "@4000000065b8f1a01d2c3b4c.s", "none")
	f("current", "@4000.s", "none")
	f("app.log", "app-31-2026.log", "none")
	f("app.log", "app.log.1-2026013112.backup", "number")
	f("app.log", "app.log.1.gz-2026013112.backup", "number packed")
	f("app.log", "app.1.log.zst-2026013112.backup", "number packed")
	f("app.log", "app.log-20260131.xz-2026013112.backup", "date packed")
	f("app.log", "app.log-2026013112.backup", "none")
	f("app.log", "app.log.1.backup", "none")
	f("app.log", "app.log.bak", "none")
	f("app.log", "app.log~", "none")
	f("app.log", ".app.log.swp", "none")
	f("app.log", "app.log.1.tmp", "none")
	f("app.log", "application.log", "none")
	f("app.log", "app.log.", "none")
	f("a", "a.b", "none")
	f("a.1", "a.2", "none")
	f("a-20260131", "a-20260130", "none")
}

// Whatever Parse takes for a generation of a name, Originals finds
// that name.
func TestOriginals(t *testing.T) {
	f := func(name string, want ...string) {
		t.Helper()
		got := Originals(name)
		for _, base := range want {
			if g, ok := Parse(base, name); !ok || g.Kind == 0 {
				t.Errorf("%q is no generation of %q", name, base)
			}
			if !slices.Contains(got, base) {
				t.Errorf("originals of %q: %q, want %q among them", name, got, base)
			}
		}
		if len(want) == 0 && len(got) > 0 {
			t.Errorf("originals of %q: %q, want none", name, got)
		}
	}
	f("app.log.1", "app.log")
	f("app.log-1.gz", "app.log")
	f("app.1.log", "app.log")
	f("app.log-20260131", "app.log")
	f("app-2026-01-31_12.log", "app.log")
	f("app20260131.log", "app.log")
	f("app.log.old", "app.log")
	f("app-01-31-2026-1.log.gz", "app.log")
	f("app.2026-01-31.0.log", "app.log")
	f("@4000000065b8f1a01d2c3b4c.s", "current")
	f("messages.1.2", "messages.1")
	f("app-out__2026-01-31_00-00-01.log", "app-out.log")
	f("SystemOut_26.01.31_12.30.01.log.gz", "SystemOut.log")
	f("server.log00001", "server.log")
	f("app.log-old", "app.log")
	f("app.log.1.gz-2026013112.backup", "app.log")
	f("app.1.log-2026013112.backup", "app.log")
	f("app.log")
	f("app.log.bak")
	f("app2.log")
	f("")
}
