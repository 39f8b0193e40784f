package mqtt

import (
	"errors"
	"syscall"
)

// suspicion finds the record that makes a broker end connections: without it, it
// would be sent again for ever. Where links end over which nothing was confirmed,
// records are sent one at a time for a while, so that it is known which of them it
// is.
type suspicion struct {
	confirmed bool // something was, over this link
	stalls    int  // links in a row over which nothing was
	alone     bool // one record at a time
	left      int  // records until that ends
	accused   int  // links in a row that ended so with one record alone
}

const (
	stallsUntilAlone = 3
	// alonesUntilGuilty is how often one record alone has to end a link where the broker
	// does not say that it was the record: networks fail, too.
	alonesUntilGuilty = 5
)

// accuse judges the end of a link over which records were sent. It reports whether it was
// the first of them.
func (s *suspicion) accuse(err error, records int) bool {
	if s.confirmed {
		s.stalls, s.accused = 0, 0
	} else {
		s.stalls++
	}
	blamed := blames(err)
	switch {
	case !s.alone:
		if blamed || s.stalls >= stallsUntilAlone {
			s.alone, s.left, s.accused = true, records, 0
		}
		return false
	case s.confirmed && !blamed:
		return false
	case blamed:
		s.accused = alonesUntilGuilty
	case dropped(err):
		s.accused++
	default:
		s.accused = 0
	}
	return s.accused >= alonesUntilGuilty
}

// pass counts a record that is finished.
func (s *suspicion) pass() {
	s.accused = 0
	if s.left--; s.left <= 0 {
		s.alone = false
	}
}

// dropped reports whether the other side ended the connection.
func dropped(err error) bool {
	return errors.Is(err, errDropped) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
