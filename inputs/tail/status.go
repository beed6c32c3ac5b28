package tail

import (
	"fmt"

	"tailrace/agent/flow"
)

// Status is one short sentence. It is safe for any goroutine.
func (in *Input) Status() string {
	s := in.Stats()
	text := fmt.Sprintf("following %s, %d open", flow.Count(int64(s.Files), "file"), s.Open)
	if n := len(s.Parked); n > 0 {
		text += fmt.Sprintf(", %d cannot be read", n)
	}
	var lost int64
	for _, n := range s.Lost {
		lost += n
	}
	if lost > 0 {
		text += ", " + flow.Count(lost, "byte") + " lost"
	}
	return text
}

// Alive reports whether Run's loop turns; a long scan may hold it up. It is
// safe for any goroutine.
func (in *Input) Alive() bool { return in.pulse.Age() < 6*flow.PulseEvery }
