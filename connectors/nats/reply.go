package nats

import (
	"strconv"
	"strings"
)

// stamp is what the server says about a message in the subject to acknowledge it by.
type stamp struct {
	seq      uint64 // in the stream
	delivery uint64 // of the consumer: contiguous
	time     int64  // when it was stored, ns since 1970
	pending  uint64 // messages of the consumer behind it
}

const ackPrefix = "$JS.ACK."

// parseStamp reads $JS.ACK.STREAM.CONSUMER.TIMES.SEQ.DELIVERY.TIME.PENDING, or the
// form with a domain and an account before the stream.
func parseStamp(reply string) (s stamp, ok bool) {
	if !strings.HasPrefix(reply, ackPrefix) {
		return s, false
	}
	rest := reply[len(ackPrefix):]
	tokens := strings.Count(rest, ".") + 1
	skip := 2 // stream and consumer
	switch {
	case tokens == 7:
	case tokens >= 9: // domain, account, stream, consumer; a token may follow
		skip = 4
	default:
		return s, false
	}
	for range skip {
		_, rest, _ = strings.Cut(rest, ".")
	}
	_, rest, ok1 := number(rest)
	seq, rest, ok2 := number(rest)
	delivery, rest, ok3 := number(rest)
	at, rest, ok4 := number(rest)
	pending, _, ok5 := number(rest)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || seq == 0 || delivery == 0 || int64(at) < 0 {
		return s, false
	}
	return stamp{seq, delivery, int64(at), pending}, true
}

// number reads digits up to a dot or the end.
func number(s string) (n uint64, rest string, ok bool) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '.' {
			return n, s[i+1:], i > 0
		}
		if c < '0' || c > '9' || n > (1<<64-10)/10 {
			return 0, "", false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, "", len(s) > 0
}

// ackSubject returns the subject to acknowledge a record by, made of the one of another
// record of the same stream, which parseStamp could read.
func ackSubject(reply, consumer string, seq uint64) string {
	tokens := strings.Split(reply, ".")
	at := 3 // of the consumer
	if len(tokens) > 9 {
		at = 5
	}
	number := strconv.FormatUint(seq, 10)
	tokens[at], tokens[at+1], tokens[at+2], tokens[at+3], tokens[at+4], tokens[at+5] = consumer, "1", number, number, "0", "0"
	return strings.Join(tokens, ".")
}
