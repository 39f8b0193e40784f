package transforms_test

import (
	"testing"

	"github.com/onstream/onstream/plugins"
)

func decodeConfig(format string, value plugins.Expr, with ...plugins.NamedExpr) plugins.Config {
	t := plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{{Name: "x", Type: plugins.Of(plugins.Int)}}}
	return attrs("value", value, "with", with).WithPayload(plugins.Shape{Type: t, Payload: t, Format: format})
}

// column makes a batch of one column of the given type.
func column(pool *plugins.Pool, name string, k plugins.Kind, vs ...plugins.Value) *plugins.Batch {
	b := pool.Batch()
	b.SelectAll(len(vs))
	col := b.NewColumn(name, k)
	b.Values, b.Offsets = b.SpareValues(), b.SpareOffsets()
	for i, v := range vs {
		col.SetValue(uint32(i), v)
		addPayload(b, "outer")
		b.Offsets = append(b.Offsets, int64(100+i))
	}
	return b
}

func TestDecodeMakesTheValueThePayload(t *testing.T) {
	t.Parallel()
	env := environment()
	c := decodeConfig("json", field("v", plugins.Type{}), named("kept", field("v", plugins.Type{})))
	e := &engine{t: t, names: []string{"v", "kept"}}
	b := column(env.Pool, "v", plugins.Any,
		text(`{"x":1}`), null, plugins.Value{Kind: plugins.Bytes, Text: `{"x":2}`}, integer(4),
		plugins.Value{Kind: plugins.Record, Text: "{\n \"x\": \"a\\nb \"\n}"}, text("{\n\"x"))
	e.run(t.Context(), start(t, "decode", c, env), b)
	want := []string{`{"x":1}`, `{"x":2}`, `{"x":"a\nb "}`, `{"x`}
	if len(e.records) != len(want) {
		t.Fatalf("records %+v", e.records)
	}
	for k, r := range e.records {
		_, old := r.fields["v"]
		if r.payload != want[k] || r.fields["kept"].Kind == plugins.Any || old {
			t.Errorf("record %d is %+v, want payload %q", k, r, want[k])
		}
	}
	if len(e.failures) != 2 || e.failures[0].Code != "null" || e.failures[1].Code != "type" {
		t.Errorf("failures %v", e.failures)
	}
	if string(b.Value(0)) != "outer" || b.Column("v") == nil {
		t.Error("the batch is not as it was before")
	}
}

func TestDecodeInPlaceCopiesNothing(t *testing.T) {
	t.Parallel()
	env := environment()
	b := ints(env.Pool, 1, 2, 3)
	size := len(b.Data)
	e := &engine{t: t}
	e.run(t.Context(), start(t, "decode", decodeConfig("cbor", payload(plugins.Bytes)), env), b)
	if got := payloads(e.records); got != "0:p0 0:p1 0:p2 " || len(b.Data) != size {
		t.Errorf("payloads %q, %d bytes of data, want %d", got, len(b.Data), size)
	}
}

func TestDecodeOutputs(t *testing.T) {
	t.Parallel()
	in := plugins.Shape{Format: "json", Generation: 3}
	outs, err := kind(t, "decode").Outputs(in, decodeConfig("cbor", payload(plugins.Bytes), named("kept", above(1))))
	if err != nil {
		t.Fatal(err)
	}
	s := outs[0].Shape
	if s.Format != "cbor" || s.Generation != 4 || len(s.Set) != 1 || s.Set[0] != "kept" || len(s.Type.Fields) != 2 {
		t.Errorf("shape %+v", s)
	}
	_, err = kind(t, "decode").Outputs(in, decodeConfig("json", above(1)))
	wantConfigError(t, err, "value", "type bool")
	_, err = kind(t, "decode").Outputs(in, decodeConfig("cbor", field("v", plugins.Of(plugins.Record))))
	wantConfigError(t, err, "value", "string or bytes")
	env := environment()
	env.Framing.Preamble = true
	_, err = kind(t, "decode").New(decodeConfig("csv", payload(plugins.Bytes)), env)
	wantConfigError(t, err, "format", "header")
}
