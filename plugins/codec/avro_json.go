package codec

import (
	"unicode/utf8"

	"github.com/onstream/onstream/plugins/jsontext"
)

// appendJSON appends, as JSON, the value of a type at p. It returns the index
// behind it.
func (r *avroReader) appendJSON(dst []byte, t *avroType, p, depth int) ([]byte, int, error) {
	if depth > jsontext.MaxDepth {
		return dst, p, jsontext.ErrDepth
	}
	switch t.kind {
	case avroUnion:
		i, p, err := r.branch(t, p)
		if err != nil {
			return dst, p, err
		}
		return r.appendJSON(dst, t.branches[i], p, depth+1)
	case avroRecord:
		return r.appendRecordJSON(dst, t, p, depth)
	case avroArray, avroMap:
		return r.appendItemsJSON(dst, t, p, depth)
	}
	if t.written() {
		return r.appendWrittenJSON(dst, t, p)
	}
	tok, p, err := r.token(t, p)
	if err == nil {
		err = tok.err
	}
	if err != nil {
		return dst, p, err
	}
	dst, err = appendTokenJSON(dst, r.text, tok)
	return dst, p, err
}

func (r *avroReader) appendWrittenJSON(dst []byte, t *avroType, p int) ([]byte, int, error) {
	if t.logical == avroDecimal {
		dst, p, err := r.appendWritten(dst, t, p)
		if err == nil && t.scale == 0 {
			dst = append(dst, ".0"...) // a float, as all decimals
		}
		return dst, p, err
	}
	if t.kind == avroEnum {
		i, p, err := r.long(p)
		switch {
		case err != nil:
			return dst, p, err
		case i < 0 || i >= int64(len(t.symbols)):
			return dst, p, errMalformed
		}
		return jsontext.AppendQuotedString(dst, t.symbols[i]), p, nil
	}
	dst, p, err := r.appendWritten(append(dst, '"'), t, p)
	return append(dst, '"'), p, err
}

func (r *avroReader) appendRecordJSON(dst []byte, t *avroType, p, depth int) (_ []byte, _ int, err error) {
	if err := r.count(t); err != nil {
		return dst, p, err
	}
	dst = append(dst, '{')
	first := len(dst)
	for i := range t.fields {
		f := &t.fields[i]
		if f.hidden {
			if p, err = r.skip(f.t, p, depth+1); err != nil {
				return dst, p, err
			}
			continue
		}
		if len(dst) > first {
			dst = append(dst, ',')
		}
		dst = append(dst, f.key...)
		if dst, p, err = r.appendJSON(dst, f.t, p, depth+1); err != nil {
			return dst, p, err
		}
	}
	for _, x := range t.extras {
		if len(dst) > first {
			dst = append(dst, ',')
		}
		dst = append(dst, x.key...)
		if dst, _, err = (&avroReader{text: x.data}).appendJSON(dst, x.t, 0, depth+1); err != nil {
			return dst, p, err
		}
	}
	return append(dst, '}'), p, nil
}

func (r *avroReader) appendItemsJSON(dst []byte, t *avroType, p, depth int) ([]byte, int, error) {
	open, end := byte('['), byte(']')
	if t.kind == avroMap {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	first := len(dst)
	for b := (avroBlocks{}); ; {
		more, next, err := b.next(r, p)
		if err != nil {
			return dst, p, err
		}
		if p = next; !more {
			return append(dst, end), p, nil
		}
		if len(dst) > first {
			dst = append(dst, ',')
		}
		if t.kind == avroMap {
			n, next, err := r.length(p)
			if err != nil {
				return dst, p, err
			}
			name := r.text[next : next+n]
			if !utf8.Valid(name) {
				return dst, p, jsontext.ErrUTF8
			}
			dst = append(jsontext.AppendQuoted(dst, name), ':')
			p = next + n
		}
		if dst, p, err = r.appendJSON(dst, t.elem, p, depth+1); err != nil {
			return dst, p, err
		}
	}
}
