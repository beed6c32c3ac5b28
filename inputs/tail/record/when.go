package record

import "time"

// timeIn is the time that stands in a record's text, as RFC 3339 has it in UTC;
// nil when there is none, or it is not one. A time without a zone is local.
func (r *Reading) timeIn(p *pending) []byte {
	if r.when == nil || p.before > 0 { // it stands in the first piece
		return nil
	}
	found := r.when.FindSubmatch(visible(p.text))
	if found == nil {
		return nil
	}
	at, err := time.ParseInLocation(r.o.Time.Layout, string(found[r.when.SubexpIndex("time")]), time.Local)
	if err != nil {
		return nil
	}
	return at.UTC().AppendFormat(nil, time.RFC3339Nano)
}

// stamp is the timestamp of a record with the header "time" at, Unix
// milliseconds, which is made at now: 0 when it is to have that, when at is
// later, or when it is before 1970, as without a year.
func (r *Reading) stamp(at []byte, now int64) int64 {
	if !r.o.Time.Timestamp {
		return 0
	}
	t, err := time.Parse(time.RFC3339Nano, string(at))
	if millis := t.UnixMilli(); err == nil && millis > 0 && millis < now {
		return millis
	}
	return 0
}
