package limit

import "bytes"

// layout is the text between the values of a line: keys, punctuation and
// white space. Lines of one producer share it.
type layout struct {
	members []member
	misses  int // failed guesses since the last good one
	pause   int // lines to scan before the next guess
}

// member is a value of a line and the text in front of it. A string's quotes
// belong to the text around it. The last member is the text behind the last
// value and has none itself.
type member struct {
	head, tail         uint64 // the text's first and last eight bytes
	headMask, tailMask uint64 // which of them count
	tailAt             int    // where the last eight bytes begin
	size               int
	long               []byte // the whole text if it is longer than 16 bytes
	name               field
	kind               kind
}

// kind is how the end of a value is found.
type kind uint8

const (
	text   kind = iota // at the quote
	scalar             // at the comma, brace or white space
	none               // there is no value
)

// match reads the line at p into r provided that it has the layout. It
// returns the start of the next line. Text with escapes and nested values
// never match.
func (l *layout) match(b []byte, p int, r *row) (next int, ok bool) {
	if l.pause > 0 {
		return 0, false
	}
	members := l.members
	for i := range members {
		m := &members[i]
		if (word(b, p)^m.head)&m.headMask|(word(b, p+m.tailAt)^m.tail)&m.tailMask != 0 && (m.long == nil || !bytes.HasPrefix(b[p:], m.long)) {
			return 0, false
		}
		p += m.size
		begin := p
		switch m.kind {
		case text:
			p = stringStop(b, p)
			r[m.name] = span{begin - 1, p + 1}
		case scalar:
			p = scalarStop(b, p)
			r[m.name] = span{begin, p}
		case none:
			l.misses = 0
			return p, true
		}
	}
	return 0, false
}

// learn takes over the layout of the line at p, on which scan succeeded.
func (l *layout) learn(b []byte, p int) {
	l.members = l.members[:0]
	for start := p; ; {
		for b[p] != '"' && b[p] != '\n' {
			p++
		}
		if b[p] == '\n' {
			l.add(b[start:p+1], other, none)
			return
		}
		key := p
		p, _ = stringEnd(b, key+1)
		name := fieldOf(b[key:p])
		p = space(b, space(b, p)+1)
		switch b[p] {
		case '"':
			l.add(b[start:p+1], name, text)
			p, _ = stringEnd(b, p+1)
			start = p - 1
		case '{', '[':
			// Never matches, since the layout lacks its end.
			return
		default:
			l.add(b[start:p], name, scalar)
			p = scalarStop(b, p)
			start = p
		}
	}
}

func (l *layout) add(before []byte, name field, k kind) {
	m := member{size: len(before), name: name, kind: k}
	var padded [16]byte
	copy(padded[:], before)
	m.head = word(padded[:], 0)
	switch {
	case m.size < 8:
		m.headMask = 1<<(8*m.size) - 1
	case m.size <= 16:
		m.headMask = ^uint64(0)
		m.tailAt = m.size - 8
		m.tailMask = ^uint64(0)
		m.tail = word(padded[:], m.tailAt)
	default:
		// No word equals both zero and all ones, so that it is always the
		// whole text that decides.
		m.headMask, m.tailMask = ^uint64(0), ^uint64(0)
		m.head, m.tail = 0, ^uint64(0)
		m.long = append([]byte(nil), before...)
	}
	l.members = append(l.members, m)
}
