package redis

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"time"
)

// id is that of an entry of a stream: a time in milliseconds, and a number.
type id struct{ ms, seq uint64 }

// parseID reads an id such as 1767225600000-0.
func parseID(text []byte) (id, error) {
	ms, seq, _ := bytes.Cut(text, []byte{'-'})
	m, ok := number(ms)
	s, also := number(seq)
	if !ok || !also {
		return id{}, fmt.Errorf("%.40q is no id of an entry", text)
	}
	return id{m, s}, nil
}

// number reads digits, without the allocation that strconv asks for.
func number(text []byte) (n uint64, ok bool) {
	if len(text) == 0 || len(text) > 20 {
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' || n > (math.MaxUint64-uint64(c-'0'))/10 {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}

// append writes the id as Redis does.
func (i id) append(to []byte) []byte {
	to = strconv.AppendUint(to, i.ms, 10)
	return strconv.AppendUint(append(to, '-'), i.seq, 10)
}

// String writes the id as Redis does.
func (i id) String() string { return string(i.append(nil)) }

func (i id) less(j id) bool { return i.ms < j.ms || i.ms == j.ms && i.seq < j.seq }

// before returns the last id that is less; the first id is its own.
func (i id) before() id {
	switch {
	case i.seq > 0:
		return id{i.ms, i.seq - 1}
	case i.ms > 0:
		return id{i.ms - 1, math.MaxUint64}
	}
	return i
}

// after returns the next id that is greater.
func (i id) after() id {
	if i.seq < math.MaxUint64 {
		return id{i.ms, i.seq + 1}
	}
	return id{i.ms + 1, 0}
}

// seqBits is how much of a record's offset is the number within a millisecond.
const seqBits = 20

// offset returns a number that grows with the id, as far as ids are like those that Redis makes.
func (i id) offset() int64 {
	return int64(min(i.ms, 1<<(63-seqBits)-1)<<seqBits | min(i.seq, 1<<seqBits-1))
}

// time returns when the entry was added.
func (i id) time() time.Time {
	if i.ms > math.MaxInt64/uint64(time.Millisecond) {
		return time.Time{}
	}
	return time.UnixMilli(int64(i.ms))
}
