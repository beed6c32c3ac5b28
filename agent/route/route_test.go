package route

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTopic(t *testing.T) {
	f := func(o Options, path, want string, odd bool) {
		t.Helper()
		r, bad := New(o)
		if bad != nil {
			t.Fatalf("%+v: %v", o, bad)
		}
		got, why := r.Topic(path)
		if got != want || (why != "") != odd {
			t.Errorf("%+v: %s goes to %q (%s), want %q", o, path, got, why, want)
		}
	}
	f(Options{Topic: "logs"}, "/any", "logs", false)
	f(Options{Topic: "logs-{hostname}", Host: "web 1"}, "/any", "logs-web-1", false)

	named := Options{Topic: "logs-{service}", Pattern: `^/var/log/(?P<service>[^/]+)/`, Fallback: "logs"}
	f(named, "/var/log/pay/app.log", "logs-pay", false)
	f(named, "/var/log/pay & sons/app.log", "logs-pay-sons", true)
	f(named, "/var/log/app.log", "logs", true)
	f(named, "/var/log/"+strings.Repeat("x", 245)+"/a", "logs", true)
	f(Options{Topic: "a{x}b{y}", Pattern: `/(?P<x>a)?(?P<y>b)`, Fallback: "none"}, "/b", "none", true)

	parts := Options{Topic: "{dir}.{base}", Fallback: "logs"}
	f(parts, "/var/log/nginx/access.log", "nginx.access", false)
	f(parts, "/var/log/nginx/.hidden", "nginx..hidden", false)
	f(parts, "/var/log/nginx/a.b.c", "nginx.a.b", false)
	f(parts, "/top.log", "logs", true)
	f(Options{Topic: "{base}", Fallback: "logs"}, "/var/...log", "logs", true) // ".."
}

func TestKey(t *testing.T) {
	f := func(key, path, want string) {
		t.Helper()
		r, bad := New(Options{Topic: "t", Key: key, Host: "web-1", Pattern: `/(?P<service>[^/]+)/[^/]+$`})
		if bad != nil {
			t.Fatal(bad)
		}
		for _, form := range []*Form{r.Form(), mustParse(t, r.Spec())} {
			if got := form.Of(path, 3); string(got.Key) != want || got.Number != 3 {
				t.Errorf("key %q of %s is %q, want %q", key, path, got.Key, want)
			}
		}
	}
	f("", "/log/pay/a.log", "web-1")
	f("hostname", "/log/pay/a.log", "web-1")
	f("path", "/log/pay/a.log", "/log/pay/a.log")
	f("fixed", "/log/pay/a.log", "fixed")
	f("{service}", "/log/pay/a.log", "pay")
	f("{service}", "/a.log", "")
	f("{hostname}:{path}", "/a.log", "web-1:/a.log")
}

func mustParse(t *testing.T, spec string) *Form {
	t.Helper()
	if !IsForm(spec) {
		t.Fatalf("%q is not known as a form", spec)
	}
	f, err := ParseForm(spec)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestProblems(t *testing.T) {
	f := func(o Options, want ...string) {
		t.Helper()
		_, bad := New(o)
		if len(bad) != len(want) {
			t.Fatalf("%+v: %q, want %q", o, bad, want)
		}
		for i := range want {
			if got := bad[i].Error(); !strings.Contains(got, want[i]) {
				t.Errorf("%+v: %q, want %q", o, got, want[i])
			}
		}
	}
	f(Options{Topic: "a b"}, `topic: Kafka has no topic "a b"`)
	f(Options{Topic: ""}, "topic: a topic's name cannot be empty")
	f(Options{Topic: "a{base"}, "topic: a { is not closed")
	f(Options{Topic: "a}"}, "topic: a } without")
	f(Options{Topic: "a/{base}", Fallback: "b"}, `topic: Kafka has no topic "a/"`)
	f(Options{Topic: "{service}", Fallback: "b"}, "topic: {service} is not known; there are {base}, {dir} and {hostname}; path_pattern can")
	f(Options{Topic: "{path}", Fallback: "b"}, "topic: {path} is not known")
	f(Options{Topic: "{base}"}, "fallback_topic: missing")
	f(Options{Topic: "{base}", Fallback: "a b"}, "fallback_topic: Kafka has no topic")
	f(Options{Topic: "a", Fallback: "b"}, "fallback_topic: topic has nothing of the path")
	f(Options{Topic: "a", Pattern: "("}, "path_pattern: error parsing regexp")
	f(Options{Topic: "a", Pattern: "(x)"}, "path_pattern: it has no named group")
	f(Options{Topic: "a", Pattern: "(?P<path>x)"}, `path_pattern: the group "path" has a name`)
	f(Options{Topic: "a", Pattern: "(?P<x>x)(?P<x>y)"}, `path_pattern: `)
	f(Options{Topic: "a", Key: "{x}"}, "key: {x} is not known; there are {base}, {dir}, {path} and {hostname}")
}

// Whatever the template and the path are, the topic is one that Kafka takes, and
// the spec of the form gives the same key again.
func FuzzRoute(f *testing.F) {
	f.Add("logs-{x}", "{x}-{path}", `/(?P<x>[^/]+)/`, "/var/log/a.log")
	f.Add("{dir}.{base}", "path", "", "/.")
	f.Add("{hostname}", "{", "", "//")
	f.Fuzz(func(t *testing.T, topic, key, pattern, path string) {
		if !utf8.ValidString(topic + key + pattern) {
			return // the configuration is UTF-8
		}
		r, bad := New(Options{Topic: topic, Key: key, Pattern: pattern, Fallback: "other", Host: "web-1"})
		if bad != nil {
			r, bad = New(Options{Topic: topic, Key: key, Pattern: pattern, Host: "web-1"})
		}
		if bad != nil {
			return
		}
		name, _ := r.Topic(path)
		if problem := CheckTopic(name); problem != "" {
			t.Errorf("%q of %q: %s", topic, path, problem)
		}
		again, err := ParseForm(r.Spec())
		if err != nil {
			t.Fatal(err)
		}
		if a, b := r.Form().Of(path, 1), again.Of(path, 1); string(a.Key) != string(b.Key) {
			t.Errorf("key %q, and %q out of the spec", a.Key, b.Key)
		}
	})
}
