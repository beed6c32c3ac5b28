package kafka

import (
	"fmt"
	"net"
	"slices"
)

// elsewhere says that a broker cannot be reached where the brokers say that it is:
// an address of its advertised.listeners, and none that the configuration has.
type elsewhere struct {
	addr string
	err  error
}

func (e *elsewhere) Error() string {
	return fmt.Sprintf("the brokers say that one of them is at %s, and it cannot be reached there: %v", e.addr, e.err)
}

func (e *elsewhere) Unwrap() error { return e.err }

// elsewhereAdvice is what a person can do about it.
const elsewhereAdvice = "check that this broker runs; if it does, make its advertised.listeners an address that this host can reach"

// namesElsewhere has errors of dial say so where the address is none of the seeds.
func namesElsewhere(seeds []string, dial dialer) dialer {
	return func(network, addr string) (net.Conn, error) {
		nc, err := dial(network, addr)
		if err != nil && insecure(err) == nil && !slices.Contains(seeds, addr) {
			err = &elsewhere{addr, err}
		}
		return nc, err
	}
}
