package main

import "testing"

// What is mistyped, or is called so elsewhere, is answered with what is meant.
func TestSuggestions(t *testing.T) {
	for _, c := range []struct {
		want string
		args []string
	}{
		{`unknown command "chek"; did you mean "check"? See tailrace --help`, []string{"chek"}},
		{`did you mean "run"?`, []string{"start", "--config", "x"}},
		{`unknown command "frobnicate"; there are check, `, []string{"frobnicate"}},
		{`unknown command "chek"; did you mean "check"?`, []string{"help", "chek"}},
		{"unknown flag --broker; did you mean --brokers? See tailrace send --help", []string{"send", "--broker", "a"}},
		{"did you mean --brokers?", []string{"consume", "--bootstrap-server", "a"}},
		{"unknown flag -b; did you mean --brokers?", []string{"consume", "-b", "a"}},
		{"unknown flag -topic; did you mean --topic?", []string{"consume", "-topic", "a"}},
		{"did you mean --follow?", []string{"consume", "-f"}},
		{"did you mean --connect?", []string{"check", "--conect"}},
		{"consume begins there anyway", []string{"consume", "--from-beginning"}},
		{"--follow: that is one of tailrace consume; see tailrace run --help", []string{"run", "--follow"}},
		{"unknown flag --zzz; see tailrace run --help", []string{"run", "--zzz"}},
		{"flag needs an argument: --config; see tailrace run --help", []string{"run", "--config"}},
		{"which topic? Give its name with --topic; see tailrace consume --help", []string{"consume"}},
		{"an address is missing at a comma", []string{"consume", "--topic", "t", "--brokers", "a:9092,"}},
		{"write [::1]:9092", []string{"consume", "--topic", "t", "--brokers", "::1:9092"}},
		{"write [fe80::1]:19092", []string{"consume", "--topic", "t", "--brokers", "fe80::1:19092"}},
		{"unknown flag -bhost:9092; did you mean --brokers?", []string{"consume", "-bhost:9092"}},
	} {
		mustFail(t, exitFailed, []string{c.want}, c.args...)
	}
	for _, args := range [][]string{{"--version"}, {"version"}, {"help", "run"}, {"help"}, {"__complete", "ru"}, {"run", "--help"}, {"completion", "bash"}, {}} {
		mustRun(t, args...)
	}
}
