package record

import "time"

// timeIn is the time that stands in a record's text, as RFC 3339 has it in UTC;
// nil when there is none, or it is not one. A time without a zone is local.
func (r *Reading) timeIn(p *pending) []byte {
	if r.when == nil || p.before > 0 { // it stands in the first piece
		return nil
	}
	found := r.when.FindSubmatch(p.text)
	if found == nil {
		return nil
	}
	at, err := time.ParseInLocation(r.o.Time.Layout, string(found[r.when.SubexpIndex("time")]), time.Local)
	if err != nil {
		return nil
	}
	return at.UTC().AppendFormat(nil, time.RFC3339Nano)
}
