package codec

import (
	"unicode/utf8"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// appendTokenJSON appends a scalar whose text, if it has one, is in data.
func appendTokenJSON(dst, data []byte, t token) ([]byte, error) {
	switch t.kind {
	case plugins.Null:
		return append(dst, "null"...), nil
	case plugins.Float:
		return jsontext.AppendFloat(dst, t.f), nil
	case plugins.String, plugins.Bytes:
		text := data[t.p:t.end]
		if t.kind == plugins.String && !utf8.Valid(text) {
			return dst, jsontext.ErrUTF8
		}
		return jsontext.AppendBytes(dst, t.kind, text), nil
	}
	return jsontext.AppendValue(dst, plugins.Value{Kind: t.kind, Int: t.n}, ""), nil
}

// memberKey is the name of a field as it stands in JSON.
func memberKey(name string) []byte { return append(jsontext.AppendQuotedString(nil, name), ':') }
