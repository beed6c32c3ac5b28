package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tailrace/agent/config"
)

// foreignFlags is what other programs call our flags.
var foreignFlags = map[string]string{
	"b": "brokers", "bootstrap-server": "brokers", "bootstrap-servers": "brokers", "broker-list": "brokers", "server": "brokers", "servers": "brokers",
	"t": "topic", "c": "config", "conf": "config", "file": "config", "f": "follow", "tail": "follow", "o": "from", "offset": "from", "k": "key", "j": "json",
}

// flagError says what is wrong with a flag, and which one was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	help := "see " + cmd.CommandPath() + " --help"
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return fmt.Errorf("%w; %s", err, help)
	}
	dashes, name, letter := "--", unknown.GetSpecifiedName(), ""
	if short := unknown.GetSpecifiedShortnames(); short != "" {
		dashes, name, letter = "-", short, short[:1]
	}
	text := "unknown flag " + dashes + name
	if name == "from-beginning" && cmd.Name() == "consume" {
		return fmt.Errorf("%s: consume begins there anyway, unless --from says where; %s", text, help)
	}
	if near := nearFlag(cmd, name, letter); near != "" {
		return fmt.Errorf("%s; did you mean --%s? See %s --help", text, near, cmd.CommandPath())
	}
	for _, other := range cmd.Root().Commands() {
		if other.Flags().Lookup(name) != nil {
			return fmt.Errorf("%s: that is one of %s; %s", text, other.CommandPath(), help)
		}
	}
	return fmt.Errorf("%s; %s", text, help)
}

// nearFlag is the flag of a command that was probably meant; empty: none. letter is
// that behind a single dash, with what follows it in name.
func nearFlag(cmd *cobra.Command, name, letter string) string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	for _, s := range []string{name, foreignFlags[name]} {
		if slices.Contains(names, s) {
			return s
		}
	}
	if near, ok := config.Nearest(name, names); ok {
		return near
	}
	if s := foreignFlags[letter]; slices.Contains(names, s) {
		return s
	}
	return ""
}

// commandError says that there is no such command, and which one was probably meant.
func commandError(root *cobra.Command, name string) error {
	var names []string
	for _, c := range root.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	text := fmt.Sprintf("unknown command %q", name)
	others := map[string]string{"start": "run", "follow": "run", "agent": "run", "tail": "consume", "read": "consume", "produce": "send", "test": "check", "validate": "check", "config": "check", "why": "explain", "stat": "status"}
	if near, ok := config.Nearest(name, names); ok || others[name] != "" {
		return fmt.Errorf("%s; did you mean %q? See tailrace --help", text, cmp.Or(others[name], near))
	}
	return fmt.Errorf("%s; there are %s; see tailrace --help", text, strings.Join(names, ", "))
}

// helpCommand is cobra's, with an error for what there is not.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Print what a command is for",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, _, err := root.Find(args)
			if err != nil {
				return commandError(root, args[0])
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}
