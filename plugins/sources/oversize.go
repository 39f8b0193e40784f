package sources

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/onstream/onstream/plugins"
)

// tooLarge is the code of records over the limit; keptBytes of each are kept
// as its payload.
const (
	tooLarge  = "too_large"
	keptBytes = 64 << 10
)

// errNoResync is why a stream ends at a record that is too large.
var errNoResync = errors.New("the format does not show where the next record begins: raise max_record_size, or split the data")

// oversize is a record over the limit that is read past, in bounded memory.
// Its begin stays at the front of the batch's Data.
type oversize struct {
	open  bool  // its end is not found yet
	done  bool  // it is found: the record is the next row
	lines bool  // it is not: the first line alone is the next row
	kept  int   // bytes at the front of Data
	start int64 // its offset
	size  int64 // bytes so far, without terminator once done
	last  byte  // the last byte so far
}

// checkLength starts to read past the record that begins in b.Data, if that
// is too long already.
func (s *stream) checkLength() error {
	n := len(s.b.Data) - s.from
	if n <= s.limit || s.large.open {
		return nil
	}
	if len(s.env.Framing.Terminator) == 0 {
		return fmt.Errorf("a record has more than the %d bytes of max_record_size: %w", s.limit, errNoResync)
	}
	s.large = oversize{open: true, kept: min(n, keptBytes), start: s.start, size: int64(n), last: s.b.Data[len(s.b.Data)-1]}
	s.b.Data = append(s.b.Data[:0], s.b.Data[s.from:s.from+s.large.kept]...)
	s.from, s.seen = s.large.kept, s.large.kept
	return nil
}

// skip looks for the end of the large record in what was read behind the
// bytes kept of it. It reports whether it was found, or is to be taken as
// found at the end of the input.
func (s *stream) skip(atEnd bool) bool {
	l := &s.large
	fresh := s.b.Data[l.kept:]
	term := s.env.Framing.Terminator
	at := bytes.IndexByte(fresh, term[len(term)-1])
	if at < 0 {
		l.size += int64(len(fresh))
		if len(fresh) > 0 {
			l.last = fresh[len(fresh)-1]
		}
		s.b.Data = s.b.Data[:l.kept]
		if !atEnd {
			return false
		}
		s.start = l.start + l.size
	} else {
		if at > 0 {
			l.last = fresh[at-1]
		}
		l.size += int64(at)
		s.start = l.start + l.size + 1
		if l.last == '\r' {
			l.size--
		}
		s.from = l.kept + at + 1
	}
	l.open, l.done = false, true
	return true
}

// failLarge fails the rows of b that are over the limit and cuts them short.
func (s *stream) failLarge(b *plugins.Batch) {
	if s.large.done {
		b.Offsets[0] = s.large.start
		s.failRow(b, 0, s.large.size)
		s.large = oversize{}
	}
	for i, span := range b.Values {
		if int(span.Len) > s.limit {
			s.failRow(b, uint32(i), int64(span.Len))
		}
	}
	b.DropFailed()
}

func (s *stream) failRow(b *plugins.Batch, i uint32, size int64) {
	b.Values[i].Len = min(b.Values[i].Len, keptBytes)
	msg := fmt.Sprintf("the record has %d bytes, more than the %d of max_record_size; its begin is kept", size, s.limit)
	if s.large.lines {
		msg = fmt.Sprintf("the record does not end within the %d bytes of max_record_size: perhaps a quote is not closed; reading goes on behind this line", s.limit)
	}
	b.Fail(i, plugins.Failure{Code: tooLarge, Msg: msg})
}
