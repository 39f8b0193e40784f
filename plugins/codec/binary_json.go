package codec

import (
	"unicode/utf8"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// appendJSON appends, as JSON, the value that begins with the token t and goes
// on at p. It returns the index behind it.
func appendJSON(f itemFormat, dst, data []byte, t token, p, depth int) ([]byte, int, error) {
	if t.err != nil {
		return dst, p, t.err
	}
	switch t.kind {
	case plugins.Null:
		return append(dst, "null"...), p, nil
	case plugins.Bool, plugins.Int, plugins.Time:
		return jsontext.AppendValue(dst, plugins.Value{Kind: t.kind, Int: t.n}, ""), p, nil
	case plugins.Float:
		return jsontext.AppendFloat(dst, t.f), p, nil
	case plugins.String, plugins.Bytes:
		text := data[t.p:t.end]
		if t.chunks {
			text = appendString(f, nil, data, t)
		}
		if t.kind == plugins.String && !utf8.Valid(text) {
			return dst, p, jsontext.ErrUTF8
		}
		return jsontext.AppendBytes(dst, t.kind, text), p, nil
	case plugins.List, plugins.Map:
		return appendItemsJSON(f, dst, data, t, p, depth)
	}
	return dst, p, errMalformed
}

// appendItemsJSON appends the list or map t as JSON.
func appendItemsJSON(f itemFormat, dst, data []byte, t token, p, depth int) ([]byte, int, error) {
	if depth > jsontext.MaxDepth {
		return dst, p, jsontext.ErrDepth
	}
	open, close := byte('['), byte(']')
	if t.kind == plugins.Map {
		open, close = '{', '}'
	}
	dst = append(dst, open)
	for k := int64(0); ; k++ {
		more, next, err := hasItem(f, data, t, p, k)
		if err != nil {
			return dst, p, err
		}
		if p = next; !more {
			return append(dst, close), p, nil
		}
		if k > 0 {
			dst = append(dst, ',')
		}
		if t.kind == plugins.Map {
			if dst, p, err = appendKeyJSON(f, dst, data, p); err != nil {
				return dst, p, err
			}
			dst = append(dst, ':')
		}
		item, next, err := f.read(data, p)
		if err != nil {
			return dst, p, err
		}
		if dst, p, err = appendJSON(f, dst, data, item, next, depth+1); err != nil {
			return dst, p, err
		}
	}
}

// appendKeyJSON appends the key at p as a JSON string.
func appendKeyJSON(f itemFormat, dst, data []byte, p int) ([]byte, int, error) {
	key, next, err := readName(f, data, p)
	if err != nil {
		return dst, p, err
	}
	if !utf8.Valid(key) {
		return dst, p, jsontext.ErrUTF8
	}
	return jsontext.AppendQuoted(dst, key), next, nil
}

// readName returns the key at p as text; integers are keys, too.
func readName(f itemFormat, data []byte, p int) (key []byte, next int, err error) {
	t, next, err := f.read(data, p)
	switch {
	case err != nil:
		return nil, p, err
	case t.kind == plugins.Int && t.err == nil:
		return jsontext.AppendInt(nil, t.n), next, nil
	case t.kind != plugins.String:
		return nil, p, errKey
	case t.chunks:
		return appendString(f, nil, data, t), next, nil
	}
	return data[t.p:t.end], next, nil
}
