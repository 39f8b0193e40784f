package nats

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// Whatever the key and the headers of a record are, they come through.
func TestHeadersComeThrough(t *testing.T) {
	t.Parallel()
	var pool plugins.Pool
	rapid.Check(t, func(t *rapid.T) {
		r := connectors.Record{Value: []byte("v"), Key: rapid.SliceOf(rapid.Byte()).Draw(t, "key")}
		name := rapid.OneOf(rapid.SampledFrom([]string{"a", "b", "A", "", "x:y", "Content-Type"}), rapid.String())
		value := rapid.OneOf(rapid.SliceOf(rapid.Byte()), rapid.Just([]byte("plain")), rapid.Just([]byte{}))
		for range rapid.IntRange(0, 4).Draw(t, "headers") {
			h := connectors.RecordHeader{Name: name.Draw(t, "name"), Value: value.Draw(t, "value")}
			if !reserved(h.Name) {
				r.Headers = append(r.Headers, h)
			}
		}
		w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, plugins.Framing{})
		w.Add(r)
		b := w.Batch()
		var got connectors.Record
		describe(&got, headersOf(b, 0))
		if !bytes.Equal(got.Key, r.Key) {
			t.Errorf("the key %q comes as %q", r.Key, got.Key)
		}
		if !slices.EqualFunc(got.Headers, r.Headers, func(a, b connectors.RecordHeader) bool { return a.Name == b.Name && bytes.Equal(a.Value, b.Value) }) {
			t.Errorf("the headers %q come as %q", r.Headers, got.Headers)
		}
		b.Release()
	})
}

// Headers that records came with do not tell the server what to do.
func TestHeadersForTheServerAreLeftOut(t *testing.T) {
	t.Parallel()
	var pool plugins.Pool
	w := connectors.NewBuilder(pool.Batch(), plugins.Partition{}, plugins.Framing{})
	w.Add(connectors.Record{Value: []byte("v"), Headers: []connectors.RecordHeader{
		{Name: "Nats-Rollup", Value: []byte("all")}, {Name: "nats-msg-id", Value: []byte("1")}, {Name: "b", Value: []byte{0}}, {Name: "a", Value: []byte("kept")},
	}})
	h := headersOf(w.Batch(), 0)
	if len(h) != 2 || h.Get("a") != "kept" {
		t.Errorf("the message has the headers %v", h)
	}
	var got connectors.Record
	describe(&got, h)
	if len(got.Headers) != 2 || got.Headers[0].Name != "b" || got.Headers[1].Name != "a" {
		t.Errorf("the record has the headers %q", got.Headers)
	}
}

func FuzzHeaders(f *testing.F) {
	f.Add("AWECYmM")
	f.Fuzz(func(t *testing.T, text string) { decodeHeaders(text) })
}
