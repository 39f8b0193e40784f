package sources

import (
	"bytes"
	"context"

	"github.com/onstream/onstream/plugins"
)

// patience is how many runaway records within the length of one are left out
// line by line; behind them, each takes twice as many lines as the one before.
// Each costs a look at all that is read, so that has to end.
const patience = 8

// runaways counts the records of several lines that grew over the limit, as
// behind a quote that nobody closes.
type runaways struct {
	n     int
	since int64 // the offset of the first that counts
}

// tame returns how many of the records come before the first that runs away: is
// over the limit, and of several lines.
func (s *stream) tame(records []plugins.Span) int {
	term := s.env.Framing.Terminator
	for i, r := range records {
		if int(r.Len) > s.limit && len(term) > 0 && bytes.IndexByte(r.Of(s.b.Data), term[len(term)-1]) >= 0 {
			return i
		}
	}
	return len(records)
}

// runaway returns how many bytes to leave out of a record over the limit that was
// not cut, so that what follows is cut anew: its first line, with the
// line break. It is 0 if there is no such record, or it has no line break.
func (s *stream) runaway() int {
	rest := s.b.Data[s.from:]
	term := s.env.Framing.Terminator
	if len(rest) <= s.limit || s.large.open || len(term) == 0 {
		return 0
	}
	end := bytes.IndexByte(rest, term[len(term)-1]) + 1
	if end == 0 {
		return 0
	}
	if s.open.n == 0 || s.start-s.open.since > int64(s.limit) {
		s.open = runaways{since: s.start}
	}
	s.open.n++
	for more := 1<<max(0, min(s.open.n-patience, 30)) - 1; more > 0; more-- {
		n := bytes.IndexByte(rest[end:], term[len(term)-1]) + 1
		if n == 0 {
			break
		}
		end += n
	}
	return end
}

// leaveOut delivers the next n bytes as a record that fails.
func (s *stream) leaveOut(ctx context.Context, n int) error {
	s.large = oversize{done: true, lines: true, start: s.start, size: int64(len(s.b.Data) - s.from)}
	line := bytes.TrimRight(s.b.Data[s.from:s.from+n], "\r\n")
	spans := append(s.b.SpareValues(), plugins.Span{Off: uint32(s.from), Len: uint32(len(line))})
	next := s.start + int64(n)
	if err := s.hand(ctx, spans, s.from+n, next); err != nil {
		return err
	}
	s.start, s.seen = next, 0 // what follows is looked at again
	return nil
}
