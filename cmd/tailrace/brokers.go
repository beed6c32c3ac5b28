package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"tailrace/agent/config"
	"tailrace/outputs/kafka/security"
)

// target is which Kafka a command speaks to.
type target struct {
	brokers  []string // host:port
	security security.Options
	clientID string
	place    string // of it in the configuration
	hostname string // the key of records that are given none
	plain    bool   // it has no idempotent producers
	dialer   *dialer
}

// targetFlags are the two ways to say it.
type targetFlags struct {
	brokers string
	config  string
	output  string
}

func (f *targetFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.brokers, "brokers", "", "Kafka's address `HOST:PORT`, or several with commas (default: those of --config, which also has TLS and SASL)")
	configFlag(cmd, &f.config)
	outputFlag(cmd, &f.output)
}

// outputFlag chooses one of several outputs.
func outputFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "output", "", "the `NAME` of the output, where the configuration has several")
}

// target finds the brokers: those of --brokers, else those of the
// configuration. With both flags, the configuration says how to connect.
func (f *targetFlags) target(cmd *cobra.Command) (target, error) {
	if f.brokers == "" {
		return f.configured(cmd)
	}
	t, err := targetOf(f.brokers)
	if err != nil || !cmd.Flags().Changed("config") {
		return t, err
	}
	configured, err := f.configured(cmd)
	configured.brokers = t.brokers
	if configured.dialer != nil {
		configured.dialer.brokers = t.brokers
	}
	return configured, err
}

// configured is what the configuration has.
func (f *targetFlags) configured(cmd *cobra.Command) (target, error) {
	if !cmd.Flags().Changed("config") {
		if _, err := os.Stat(f.config); errors.Is(err, fs.ErrNotExist) {
			return target{}, fmt.Errorf("which Kafka? Give its address with --brokers localhost:9092, "+
				"or with --config FILE a configuration that has outputs.kafka.brokers (%s, the default, does not exist)", f.config)
		}
	}
	cfg, err := config.Load(f.config)
	if err == nil {
		cfg, err = cfg.Only(f.output)
	}
	if err != nil {
		return target{}, err
	}
	k := cfg.Outputs.Kafka
	if k == nil {
		return target{}, fmt.Errorf("%s ships to stdout and names no Kafka; give its address with --brokers localhost:9092", f.config)
	}
	return targetIn(cfg), nil
}

// targetIn is the Kafka of a configuration that has one.
func targetIn(cfg *config.Config) target {
	k := cfg.Outputs.Kafka
	t := target{brokers: k.Brokers, security: k.Security, clientID: k.ClientID, place: cfg.Place(), hostname: cfg.Hostname, plain: k.Delivery == config.AtLeastOnce}
	t.dialer = newDialer(t)
	return t
}

// targetOf reads a list of addresses.
func targetOf(list string) (target, error) {
	t := target{clientID: config.DefaultClientID}
	for s := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(s) == "" {
			return target{}, fmt.Errorf("--brokers: an address is missing at a comma in %q; write HOST:PORT, or several with a comma between two", list)
		}
		addr, problem := config.Broker(strings.TrimSpace(s))
		if problem != "" {
			return target{}, fmt.Errorf("--brokers: %s", problem)
		}
		t.brokers = append(t.brokers, addr)
	}
	host, err := os.Hostname()
	if err != nil {
		return target{}, fmt.Errorf("the name of this host: %w", err)
	}
	t.hostname = host
	t.dialer = newDialer(t)
	return t, nil
}
