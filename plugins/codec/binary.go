package codec

import (
	"errors"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// itemFormat is a binary format of self-delimiting items, CBOR or MessagePack, as tokens
// to read and write. What is made of tokens is the same for both.
//
// The formats' Go libraries decode into Go values: every record would allocate,
// a deep one could overflow the stack, and of duplicate keys the last would
// win. The tests compare with them.
type itemFormat interface {
	// read reads the token at p and returns the index behind it. A token that
	// data ends in is errTruncated.
	read(data []byte, p int) (token, int, error)

	appendNull(dst []byte) []byte
	appendBool(dst []byte, b bool) []byte
	appendInt(dst []byte, n int64) []byte
	appendFloat(dst []byte, f float64) []byte
	appendText(dst, s []byte) []byte
	appendBytes(dst, p []byte) []byte
	appendTime(dst []byte, ns int64) []byte
	appendList(dst []byte, n int) []byte // the head; n items follow
	appendMap(dst []byte, n int) []byte  // the head; n keys and values follow
}

// token is a value, or the head of a list or map.
type token struct {
	kind plugins.Kind // Null, Bool, Int, Float, String, Bytes, Time, List or Map; Any ends a list or map of unknown length
	n    int64        // Bool, Int, Time; how many items a list or map has, -1 if that is unknown
	f    float64      // Float; an Int that does not fit into n
	// p and end are where String and Bytes are.
	p, end int
	chunks bool // String and Bytes in chunks, each a token
	// err says why the value cannot be used, though it is well formed.
	err error
}

// maxItem is how long a string, and how many items a list or map, may be.
const maxItem = 1 << 28

var (
	errTruncated = errors.New("is cut off")
	errMalformed = errors.New("is malformed")
	errTooLong   = errors.New("has an item longer than 256 MiB")
	errNotFinite = errors.New("is not finite")
	errNotMap    = errors.New("is not a map")
	errKey       = errors.New("has a key that is neither text nor an integer")
)

// skip returns the index behind the value at p.
func skip(f itemFormat, data []byte, p, depth int) (int, error) {
	t, p, err := f.read(data, p)
	if err != nil {
		return p, err
	}
	return skipItems(f, data, t, p, depth)
}

// skipItems returns the index behind what follows a token at depth.
func skipItems(f itemFormat, data []byte, t token, p, depth int) (int, error) {
	if !t.kind.Nested() {
		if t.kind == plugins.Any {
			return p, errMalformed
		}
		return p, nil
	}
	if depth > jsontext.MaxDepth {
		return p, jsontext.ErrDepth
	}
	for k := int64(0); ; k++ {
		more, next, err := hasItem(f, data, t, p, k)
		if err != nil || !more {
			return next, err
		}
		p = next
		for range perItem(t) {
			if p, err = skip(f, data, p, depth+1); err != nil {
				return p, err
			}
		}
	}
}

// perItem is how many values an item of a list or map is.
func perItem(t token) int {
	if t.kind == plugins.Map {
		return 2
	}
	return 1
}

// hasItem tells whether the list or map t goes on at p with item k. Where it
// does not, p is behind it.
func hasItem(f itemFormat, data []byte, t token, p int, k int64) (bool, int, error) {
	if t.n >= 0 {
		return k < t.n, p, nil
	}
	end, next, err := f.read(data, p)
	if err != nil {
		return false, p, err
	}
	if end.kind == plugins.Any {
		return false, next, nil
	}
	return true, p, nil
}

// appendString appends the bytes of a String or Bytes.
func appendString(f itemFormat, dst, data []byte, t token) []byte {
	if !t.chunks {
		return append(dst, data[t.p:t.end]...)
	}
	for p := t.p; p < t.end; {
		chunk, next, err := f.read(data, p)
		if err != nil {
			return dst // not reached: read went through them
		}
		dst = append(dst, data[chunk.p:chunk.end]...)
		p = next
	}
	return dst
}

// items is the splitter of a binary format.
type items struct{ format itemFormat }

var _ plugins.Splitter = items{}

// Split implements [plugins.Splitter].
func (x items) Split(data []byte, from int, atEnd bool, spans []plugins.Span) ([]plugins.Span, int, error) {
	for from < len(data) {
		next, err := skip(x.format, data, from, 1)
		if errors.Is(err, errTruncated) && !atEnd {
			return spans, from, nil
		}
		if err != nil {
			return spans, from, &rowError{"record " + err.Error()}
		}
		spans = append(spans, plugins.Span{Off: uint32(from), Len: uint32(next - from)})
		from = next
	}
	return spans, from, nil
}
