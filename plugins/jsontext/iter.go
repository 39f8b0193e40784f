package jsontext

// Iter goes through an array or object:
//
//	it := jsontext.Members(text)
//	for it.Next() {
//		use(it.Key(), it.Value())
//	}
//	if err := it.Err(); err != nil {
//
// It allocates only for keys with escapes.
type Iter struct {
	text  []byte
	p     int // behind what was read
	close byte
	begun bool
	start int // of the present member
	key   []byte
	value []byte
	err   error
}

// Elements iterates over the array that text is. There is nothing to iterate
// over if it is something else.
func Elements(text []byte) Iter { return open(text, '[', ']') }

// Members iterates over the object that text is, duplicates included. There
// is nothing to iterate over if it is something else.
func Members(text []byte) Iter { return open(text, '{', '}') }

func iterate(text []byte) Iter {
	if p := Space(text, 0); p < len(text) && text[p] == '[' {
		return Elements(text)
	}
	return Members(text)
}

func open(text []byte, open, close byte) Iter {
	p := Space(text, 0)
	if p >= len(text) || text[p] != open {
		return Iter{}
	}
	return Iter{text: text, p: p + 1, close: close}
}

// Next goes to the next value. It returns false at the end and on errors.
func (it *Iter) Next() bool {
	var err error
	if it.close == 0 {
		return false
	}
	p := Space(it.text, it.p)
	if p < len(it.text) && it.text[p] == it.close {
		it.p, it.close = p+1, 0
		return false
	}
	if it.begun {
		if p >= len(it.text) || it.text[p] != ',' {
			return it.fail(syntax(p))
		}
		p = Space(it.text, p+1)
	}
	it.begun, it.start = true, p
	if it.close == '}' {
		if it.key, p, err = Name(it.text, p); err != nil {
			return it.fail(err)
		}
	}
	end, err := Skip(it.text, p)
	if err != nil {
		return it.fail(err)
	}
	it.value, it.p = it.text[p:end:end], end
	return true
}

func (it *Iter) fail(err error) bool {
	it.err, it.close = err, 0
	return false
}

// Key returns the present member's name, with escapes resolved.
func (it *Iter) Key() []byte { return it.key }

// Value returns the text of the present value.
func (it *Iter) Value() []byte { return it.value }

// Member returns the text of the present member, from the opening quote of its
// name to the end of its value.
func (it *Iter) Member() []byte { return it.text[it.start:it.p:it.p] }

// Err returns what ended the iteration early.
func (it *Iter) Err() error { return it.err }
