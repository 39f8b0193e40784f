package runtime

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
)

// What is stored of a parcel is what is read.
func TestParcelRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var pool plugins.Pool
		b := pool.Batch()
		b.Part = plugins.Partition{Name: rapid.String().Draw(t, "partition"), ID: rapid.Int32().Draw(t, "id"), Epoch: rapid.Int64().Draw(t, "epoch")}
		b.Received = rapid.Int64().Draw(t, "received")
		rows := rapid.IntRange(0, 20).Draw(t, "rows")
		values, keys, times := rapid.Bool().Draw(t, "values"), rapid.Bool().Draw(t, "keys"), rapid.Bool().Draw(t, "times")
		if rapid.Bool().Draw(t, "preamble") {
			b.Preamble = []byte("a,b")
		}
		add := func(label string) plugins.Span {
			text := rapid.SliceOf(rapid.Byte()).Draw(t, label)
			at := len(b.Data)
			b.Data = append(b.Data, text...)
			return plugins.Span{Off: uint32(at), Len: uint32(len(text))}
		}
		for range rows {
			if values {
				b.Values = append(b.Values, add("value"))
			}
			if keys {
				b.Keys = append(b.Keys, add("key"))
			}
			if times {
				b.Times = append(b.Times, rapid.Int64().Draw(t, "time"))
				b.Offsets = append(b.Offsets, rapid.Int64().Draw(t, "offset"))
			}
		}
		b.SelectAll(rows)
		if rows > 1 {
			b.Sel = b.Sel[:rows-1] // only what is alive is stored
		}
		got, err := readParcel(&pool, appendParcel(nil, b), []byte("\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got.Part != b.Part || got.Received != b.Received || !bytes.Equal(got.Preamble, b.Preamble) || got.Len != len(b.Sel) {
			t.Fatalf("got %+v, want %+v", got, b)
		}
		end := uint32(0)
		for k, i := range b.Sel {
			row := uint32(k)
			if !bytes.Equal(got.Value(row), b.Value(i)) || !bytes.Equal(got.Key(row), b.Key(i)) {
				t.Fatalf("row %d: got %q %q, want %q %q", k, got.Value(row), got.Key(row), b.Value(i), b.Key(i))
			}
			if values {
				if got.Values[k].Off != end {
					t.Fatalf("row %d is not behind the terminator of the one before", k)
				}
				end += got.Values[k].Len + 2
				if tail := got.Data[end-2 : end]; string(tail) != "\r\n" {
					t.Fatalf("row %d is followed by %q", k, tail)
				}
			}
			if times && (got.Times[k] != b.Times[i] || got.Offsets[k] != b.Offsets[i]) {
				t.Fatalf("row %d: got time %d and offset %d, want %d and %d", k, got.Times[k], got.Offsets[k], b.Times[i], b.Offsets[i])
			}
		}
	})
}

// Whatever is read is a batch or an error, within the bounds of the data.
func FuzzReadParcel(f *testing.F) {
	var pool plugins.Pool
	b := pool.Batch()
	b.Data = []byte("onetwo")
	b.Values = []plugins.Span{{Len: 3}, {Off: 3, Len: 3}}
	b.SelectAll(2)
	f.Add(appendParcel(nil, b))
	f.Add([]byte{parcelVersion, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := readParcel(&pool, data, []byte("\n"))
		if err != nil {
			return
		}
		again, err := readParcel(&pool, appendParcel(nil, b), []byte("\n"))
		if err != nil || again.Len != b.Len {
			t.Fatalf("what was read cannot be stored and read again: %v", err)
		}
		for _, i := range b.Sel {
			if !bytes.Equal(again.Value(i), b.Value(i)) || !bytes.Equal(again.Key(i), b.Key(i)) {
				t.Fatalf("row %d changed", i)
			}
		}
	})
}
