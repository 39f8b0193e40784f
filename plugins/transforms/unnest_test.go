package transforms_test

import (
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

func unnestConfig(t plugins.Type, with ...plugins.NamedExpr) plugins.Config {
	return attrs("list", field("v", t), "with", with)
}

func TestUnnestMakesARecordOfEachElement(t *testing.T) {
	t.Parallel()
	env := environment()
	b := column(env.Pool, "v", plugins.Any,
		list(`[{"a":1}, {"a":[2,"]"]}]`), list(`[]`), null, list(`[ 1, "x" , null, [1] ]`), text("no list"),
		list("[\n{\"a\": 3}\n]"), list(`[{"a":4`), list(`[1 2]`))
	b.Keys, b.Topics = b.SpareKeys(), b.SpareTopics()
	var topics []string
	for i := range b.Len {
		b.Keys, b.Topics = append(b.Keys, b.Values[0]), append(b.Topics, b.Values[i])
		topics = append(topics, string(b.Topic(uint32(i))))
	}
	e := &engine{t: t, names: []string{"v", "from"}}
	e.run(t.Context(), start(t, "unnest", unnestConfig(plugins.Type{}, named("from", field("v", plugins.Type{}))), env), b)
	want := []struct {
		payload string
		offset  int64
	}{
		{`{"a":1}`, 100},
		{`{"a":[2,"]"]}`, 100},
		{`{"value":1}`, 103},
		{`{"value":"x"}`, 103},
		{`{"value":null}`, 103},
		{`{"value":[1]}`, 103},
		{`{"a":3}`, 105},
	}
	if len(e.records) != len(want) {
		t.Fatalf("records %+v", e.records)
	}
	for k, r := range e.records {
		if r.payload != want[k].payload || r.offset != want[k].offset || r.topic != topics[r.offset-100] {
			t.Errorf("record %d is %+v, want %+v", k, r, want[k])
		}
		if !strings.HasPrefix(r.fields["from"].Text, "[") || len(r.fields) != 1 {
			t.Errorf("record %d has fields %v", k, r.fields)
		}
	}
	if e.dropped != 2 || len(e.failures) != 3 || e.made != 4 {
		t.Errorf("dropped %d, made %d, failures %v", e.dropped, e.made, e.failures)
	}
}

func TestUnnestOfRecordsRefusesOthers(t *testing.T) {
	t.Parallel()
	env := environment()
	elem := plugins.Of(plugins.Record)
	typ := plugins.Type{Kind: plugins.List, Elem: &elem}
	e := &engine{t: t}
	b := column(env.Pool, "v", plugins.List, list(`[{"a":1},2]`), list(`[{"a":3}]`))
	b.OneTopic = "plant.d1"
	e.run(t.Context(), start(t, "unnest", unnestConfig(typ), env), b)
	if got := payloads(e.records); got != `0:{"a":3} ` || e.records[0].topic != "plant.d1" {
		t.Errorf("records %q", got)
	}
	if len(e.failures) != 1 || !strings.Contains(e.failures[0].Msg, "element 2") {
		t.Errorf("failures %v", e.failures)
	}
}

func TestUnnestInPlaceAndInSeveralBatches(t *testing.T) {
	t.Parallel()
	env := environment()
	b := env.Pool.Batch()
	b.SelectAll(3)
	b.Values = b.SpareValues()
	long := "[" + strings.Repeat(`{"a":1},`, 5999) + `{"a":2}]`
	for range 3 {
		addPayload(b, long)
	}
	e := &engine{t: t}
	e.run(t.Context(), start(t, "unnest", attrs("list", payload(plugins.List)), env), b)
	if len(e.records) != 18000 || e.batches != 3 || e.made != 18000-3 {
		t.Errorf("%d records in %d batches, %d made", len(e.records), e.batches, e.made)
	}
	if last := e.records[len(e.records)-1].payload; last != `{"a":2}` {
		t.Errorf("the last record is %q", last)
	}
	b.Release()
}

func TestTransformsAllocateNothingPerRecord(t *testing.T) {
	env := environment()
	number := field("t", plugins.Of(plugins.Int))
	nested := env.Pool.Batch()
	for range 1000 {
		addPayload(nested, `[{"a":1},{"a":2}]`)
	}
	nested.Len = 1000
	flat := ints(env.Pool, make([]int64, 1000)...)
	for name, c := range map[string]struct {
		tr plugins.Transform
		b  *plugins.Batch
	}{
		"map":      {start(t, "map", attrs("emit", []plugins.NamedExpr{named("u", plus("t", 1))}), env), flat},
		"route":    {start(t, "route", plugins.NewConfig(nil, output("a", above(0))), env), flat},
		"decode":   {start(t, "decode", decodeConfig("json", payload(plugins.Bytes)), env), flat},
		"unnest":   {start(t, "unnest", attrs("list", payload(plugins.List), "with", []plugins.NamedExpr{named("w", payload(plugins.List))}), env), nested},
		"throttle": {start(t, "throttle", attrs("rate", 1.0, "per", time.Second, "max_keys", int64(10), "key", number), env), flat},
	} {
		n := testing.AllocsPerRun(50, func() {
			c.b.SelectAll(1000)
			m := c.b.Mark()
			if err := c.tr.Process(t.Context(), c.b, discard{}); err != nil {
				t.Error(err)
			}
			c.b.Rewind(m)
		})
		if n > 20 { // for a batch
			t.Errorf("%s: %v allocations for 1000 records", name, n)
		}
	}
}

func TestUnnestOutputs(t *testing.T) {
	t.Parallel()
	float, record := plugins.Of(plugins.Float), plugins.Type{Kind: plugins.Record, Nullable: true, Fields: []plugins.Field{{Name: "a", Type: plugins.Of(plugins.Int)}}}
	for _, c := range []struct {
		list plugins.Type
		want string
	}{
		{plugins.Type{Kind: plugins.List, Elem: &float}, "record({value = float})"},
		{plugins.Type{Kind: plugins.List, Elem: &record}, "record({a = int})"},
		{plugins.Of(plugins.List).OrNull(), "any"},
		{plugins.Type{}, "any"},
	} {
		outs, err := kind(t, "unnest").Outputs(plugins.Shape{Generation: 1}, unnestConfig(c.list))
		if err != nil {
			t.Fatal(err)
		}
		if s := outs[0].Shape; s.Type.String() != c.want || s.Format != "json" || s.Generation != 2 {
			t.Errorf("list %v: shape %+v, want type %s", c.list, s, c.want)
		}
	}
	_, err := kind(t, "unnest").Outputs(plugins.Shape{}, unnestConfig(plugins.Of(plugins.String)))
	wantConfigError(t, err, "list", "no elements")
}
