package journal

import "log/slog"

// trouble is an error that lasts: logged when it begins and when it ends, not
// at every try.
type trouble struct {
	log  *slog.Logger
	what string // what is wrong, and what to do
	over string
	on   bool
}

// check notes the outcome of a try.
func (t *trouble) check(err error) {
	switch {
	case err != nil && !t.on:
		t.log.Error(t.what, "err", err)
	case err == nil && t.on:
		t.log.Info(t.over)
	}
	t.on = err != nil
}
