package codec_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"pgregory.net/rapid"
)

// cut cuts a stream that arrives in pieces, as a source does: what is not done
// with stays in front of the next piece.
func cut(t fataler, s plugins.Splitter, stream []byte, pieces []int) ([]string, error) {
	var records []string
	from, have := 0, 0
	for {
		n := len(stream) - have
		if len(pieces) > 0 {
			n, pieces = min(n, pieces[0]), pieces[1:]
		}
		have += n
		atEnd := have == len(stream)
		spans, done, err := s.Split(stream[:have:have], from, atEnd, nil)
		if done < from || done > have {
			t.Fatalf("done with %d of %d bytes from %d", done, have, from)
		}
		for _, span := range spans {
			if int(span.Off) < from || int(span.Off+span.Len) > done {
				t.Fatalf("span %+v is not between %d and %d", span, from, done)
			}
			records = append(records, string(span.Of(stream)))
		}
		from = done
		if err != nil || atEnd {
			if err == nil && from != have {
				t.Fatalf("at the end %d of %d bytes are done with", from, have)
			}
			return records, err
		}
	}
}

type fataler interface{ Fatalf(string, ...any) }

func TestSplit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		format string
		o      options
		stream string
		want   []string
		err    string
	}{
		{"json", nil, "{}\n\n \t\r\n{\"a\":1}\r\n{\"b\"", []string{"{}", `{"a":1}`, `{"b"`}, ""},
		{"raw", nil, "a\n\n b\r\n\n", []string{"a", "", " b", ""}, ""},
		{"raw", nil, "", nil, ""},
		{"csv", nil, "a,b\r\n\n\"1\n2\",\"3\"\"\n\"\n4,5\"\n6", []string{"a,b", "\"1\n2\",\"3\"\"\n\"", `4,5"`, "6"}, ""},
		{"csv", options{"comment": "#"}, "#\"\na\n#", []string{"a"}, ""},
		{"csv", nil, "a\n\"b\nc\n", []string{"a", "\"b\nc\n"}, ""},
		{"cbor", nil, "\xa0\x01\xbf\x61a\x9f\xff\xff", []string{"\xa0", "\x01", "\xbf\x61a\x9f\xff\xff"}, ""},
		{"cbor", nil, "\xa0\xa1\x61a", []string{"\xa0"}, "record is cut off"},
		{"cbor", nil, "\xa0\xff", []string{"\xa0"}, "record is malformed"},
		{"cbor", nil, "\x5b\x7f\xff\xff\xff\xff\xff\xff\xff", nil, "record has an item longer than 256 MiB"},
		{"cbor", nil, "\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", nil, "record has an item longer than 256 MiB"},
		{"cbor", nil, strings.Repeat("\x81", 20_000) + "\x01", nil, "record is nested deeper than 1000 levels"},
		{"cbor", nil, strings.Repeat("\xc6", 20_000) + "\x01", []string{strings.Repeat("\xc6", 20_000) + "\x01"}, ""}, // tags have no depth
		{"msgpack", nil, "\x80\x01\x81\xa1a\x90", []string{"\x80", "\x01", "\x81\xa1a\x90"}, ""},
		{"msgpack", nil, "\x80\x81\xa1a", []string{"\x80"}, "record is cut off"},
		{"msgpack", nil, "\x80\xc1", []string{"\x80"}, "record is malformed"},
		{"msgpack", nil, "\xc6\x7f\xff\xff\xff", nil, "record has an item longer than 256 MiB"},
		{"msgpack", nil, strings.Repeat("\x91", 20_000) + "\x01", nil, "record is nested deeper than 1000 levels"},
	}
	for _, tt := range tests {
		s := framing(t, codecNamed(t, tt.format), tt.o).Splitter()
		for _, pieces := range [][]int{nil, slices.Repeat([]int{1}, min(len(tt.stream), 100)), {3, 0, 2}} {
			got, err := cut(t, s, []byte(tt.stream), pieces)
			if message(err) != tt.err || !slices.Equal(got, tt.want) {
				t.Errorf("%s %.40q in pieces %.10v: %.60q, %v; want %.60q, %s", tt.format, tt.stream, pieces, got, err, tt.want, tt.err)
			}
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestSplitDoesNotDependOnPieces cuts any stream whole and in pieces.
func TestSplitDoesNotDependOnPieces(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "raw", "csv", "cbor", "msgpack"} {
		s := framing(t, codecNamed(t, format), nil).Splitter()
		rapid.Check(t, func(rt *rapid.T) {
			stream := rapid.OneOf(
				rapid.Custom(func(t *rapid.T) []byte {
					return []byte(rapid.StringMatching("[a,\"\r\n{} ]{0,60}").Draw(t, "text"))
				}),
				rapid.SliceOf(rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte{0xa0, 0x81, 0x61, 0x9f, 0xff, 0x5f, 0xbf, 0x91, 0xa1}))),
			).Draw(rt, "stream")
			whole, wholeErr := cut(rt, s, stream, nil)
			pieces, err := cut(rt, s, stream, rapid.SliceOfN(rapid.IntRange(0, 5), 0, 40).Draw(rt, "pieces"))
			if !slices.Equal(whole, pieces) || (wholeErr == nil) != (err == nil) {
				rt.Fatalf("whole %q (%v), in pieces %q (%v)", whole, wholeErr, pieces, err)
			}
		})
	}
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte("{}\n\"a\nb\",c\r\n"), uint16(3))
	f.Add([]byte("\xbf\x61a\x5f\x41b\xff\xff\xc0\x61x"), uint16(1))
	f.Add([]byte("\x82\xa1a\xd4\xff\x01\xcb"), uint16(7))
	f.Fuzz(func(t *testing.T, stream []byte, at uint16) {
		for _, format := range []string{"json", "raw", "csv", "cbor", "msgpack"} {
			s := framing(t, codecNamed(t, format), nil).Splitter()
			whole, err := cut(t, s, stream, nil)
			pieces, err2 := cut(t, s, stream, []int{int(at)})
			if !slices.Equal(whole, pieces) || (err == nil) != (err2 == nil) {
				t.Fatalf("%s: whole %q (%v), in two pieces %q (%v)", format, whole, err, pieces, err2)
			}
		}
	})
}

// TestSplitLongRecord cuts a record of 16 MB; a splitter that is quadratic in
// one call would not come back.
func TestSplitLongRecord(t *testing.T) {
	t.Parallel()
	filler := bytes.Repeat([]byte("a\"\"\n,"), 3<<20)
	stream := slices.Concat([]byte("x\n\""), filler, []byte("\"\ny\n"))
	got, err := cut(t, framing(t, codecNamed(t, "csv"), nil).Splitter(), stream, nil)
	if err != nil || len(got) != 3 || len(got[1]) != len(filler)+2 || got[2] != "y" {
		t.Errorf("%d rows: %v", len(got), err)
	}
}
