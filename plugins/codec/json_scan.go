package codec

import (
	"bytes"
	"errors"

	"github.com/onstream/onstream/plugins/jsontext"
)

// scan reads the wanted fields of the object at data[p:end] in one pass,
// whatever the order of its keys. When it has them all, it only looks whether the
// object ends with the record. What it goes through becomes steps of learn, unless
// that is nil.
func (d *jsonDecoder) scan(data *[]byte, p, end int, row uint32, learn *guess) error {
	d.record()
	s := scan{d: d, data: data, end: end, row: row, last: p, learn: learn}
	p, err := s.object(d.root, p)
	if err != nil {
		return err
	}
	if d.left == 0 {
		if learn != nil {
			learn.depth = s.depth
		}
		return endsRecord((*data)[:end], p, s.depth)
	}
	if p != end {
		return &jsontext.SyntaxError{At: p}
	}
	for _, l := range d.leaves {
		if l.seen == d.stamp {
			continue
		}
		if err := l.missing(row); err != nil {
			return err
		}
		if learn != nil {
			learn.missing = append(learn.missing, l)
		}
	}
	if learn != nil {
		learn.toEnd((*data)[s.last:end])
	}
	return nil
}

// endsRecord returns what keeps the object that p is in, so many levels deep,
// from ending where the text does. The rest of a flat object has no other
// closing brace than its last byte, unless one is in a string: one quick look
// tells. Any other is passed over bracket by bracket.
func endsRecord(text []byte, p, depth int) error {
	if depth == 1 && bytes.IndexByte(text[p:len(text)-1], '}') < 0 {
		return nil
	}
	if depth > 0 {
		var err error
		if p, err = jsontext.Leave(text, p, depth); err != nil {
			return err
		}
	}
	if p != len(text) {
		return &jsontext.SyntaxError{At: p}
	}
	return nil
}

// scan is the state of reading one record.
type scan struct {
	d     *jsonDecoder
	data  *[]byte
	end   int
	row   uint32
	last  int // behind the value read last
	depth int // objects that are open
	learn *guess
}

// object reads the object at p as n wants it, and returns the index behind it.
// When nothing is left to find, it returns at once.
func (s *scan) object(n *node, p int) (int, error) {
	s.depth++
	text := (*s.data)[:s.end]
	p = jsontext.Space(text, p+1)
	if p < len(text) && text[p] == '}' {
		s.depth--
		return p + 1, nil
	}
	for {
		key, next, err := jsontext.Name(text, p)
		if err != nil {
			return p, err
		}
		if p, err = s.value(n.match(key), next); err != nil || s.d.left == 0 {
			return p, err
		}
		text = (*s.data)[:s.end] // unescaped strings may have moved it
		p = jsontext.Space(text, p)
		switch {
		case p < len(text) && text[p] == '}':
			s.depth--
			return p + 1, nil
		case p >= len(text) || text[p] != ',':
			return p, &jsontext.SyntaxError{At: p}
		}
		p = jsontext.Space(text, p+1)
	}
}

// value reads or skips the value at p, of member n if that is not nil.
func (s *scan) value(n *node, p int) (end int, err error) {
	text := (*s.data)[:s.end]
	known := n != nil && n.seen != s.d.stamp // of duplicate keys the first wins
	if known {
		n.seen = s.d.stamp
	}
	switch {
	case known && n.leaf != nil:
		s.step(p, readStep, n.leaf)
		end, err = n.leaf.read(s.data, p, s.end, s.row)
		n.leaf.seen = s.d.stamp
		s.d.left--
	case known && p < s.end && text[p] == '{':
		return s.object(n, p)
	case known:
		s.step(p, skipScalar, nil)
		end, err = jsontext.Skip(text, p)
	default:
		s.step(p, skipStep, nil)
		end, err = jsontext.Skip(text, p)
	}
	s.last = end
	return end, err
}

// step records that a value at p was read or skipped.
func (s *scan) step(p int, do action, l *leaf) {
	if s.learn != nil {
		s.learn.add((*s.data)[s.last:p], do, l)
	}
}

// read reads the value at p into every slot.
func (l *leaf) read(data *[]byte, p, end int, row uint32) (next int, err error) {
	for _, s := range l.slots {
		if next, err = s.Read(data, p, end, row); err != nil {
			if _, malformed := errors.AsType[*jsontext.SyntaxError](err); malformed {
				return next, err
			}
			return next, &fieldError{s.path, err}
		}
	}
	return next, nil
}

// missing makes every slot null.
func (l *leaf) missing(row uint32) error {
	for _, s := range l.slots {
		if err := s.missing(row); err != nil {
			return err
		}
	}
	return nil
}
