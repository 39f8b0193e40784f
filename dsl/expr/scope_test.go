package expr_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

func TestMetaAndKey(t *testing.T) {
	t.Parallel()
	b := new(plugins.Pool).Batch()
	b.SelectAll(2)
	b.Part = plugins.Partition{Name: "a.ndjson"}
	b.Data = []byte("d1d\xff" + "unitC")
	b.Keys = []plugins.Span{{Off: 0, Len: 2}, {Off: 2, Len: 2}}
	b.Offsets = []int64{100, 200}
	b.Received = 1e9
	b.Headers = []plugins.Header{{Name: plugins.Span{Off: 4, Len: 4}, Value: plugins.Span{Off: 8, Len: 1}}}
	b.HeaderRows = []plugins.Span{{Off: 0, Len: 1}, {}}
	for src, want := range map[string][]string{
		`meta.partition`:                       {`"a.ndjson"`, `"a.ndjson"`},
		`meta.offset`:                          {`100`, `200`},
		`meta.time`:                            {`null`, `null`},
		`meta.topic`:                           {`null`, `null`},
		`meta.received`:                        {`"1970-01-01T00:00:01Z"`, `"1970-01-01T00:00:01Z"`},
		`meta.key`:                             {`"d1"`, `!type`},
		`key`:                                  {`"d1"`, `!type`},
		`meta.header["unit"]`:                  {`"C"`, `null`},
		`default(meta.header["unit"], "none")`: {`"C"`, `"none"`},
		`has(meta.header["unit"]) && meta.header["unit"] < "D"`: {`true`, `false`},
		`default(meta.time, meta.received) + duration("1s")`:    {`"1970-01-01T00:00:02Z"`, `"1970-01-01T00:00:02Z"`},
		`[for x in [1] : "${meta.partition}:${meta.offset}"]`:   {`["a.ndjson:100"]`, `["a.ndjson:200"]`},
	} {
		b.SelectAll(2)
		x := compile(t, src, &expr.Scope{Meta: true, Key: true})
		if got := results(x, b); !slices.Equal(got, want) {
			t.Errorf("%s is %s, want %s", src, got, want)
		}
	}
	topic := compile(t, `meta.topic`, &expr.Scope{Meta: true}).Evaluator(plugins.Env{})
	for _, one := range []string{"plant.d1", "plant.d2"} { // batches of both kinds come to a stage
		b.SelectAll(2)
		b.Topics = []plugins.Span{{Off: 0, Len: 1}, {Off: 4, Len: 4}}
		if col := topic.Eval(b); string(col.Bytes(0)) != "d" || string(col.Bytes(1)) != "unit" {
			t.Errorf("the topics of records are %q and %q", col.Bytes(0), col.Bytes(1))
		}
		b.SelectAll(2)
		b.Topics, b.OneTopic = nil, one
		if col := topic.Eval(b); string(col.Bytes(0)) != one || string(col.Bytes(1)) != one || col.IsNull(0) {
			t.Errorf("the topics of records of one topic are %q and %q", col.Bytes(0), col.Bytes(1))
		}
		if string(b.Data) != "d1d\xffunitC" {
			t.Fatalf("the data of the batch became %q", b.Data)
		}
	}
	b.Release()
}

// A setting may change between batches, also from null to a value.
func TestSetting(t *testing.T) {
	t.Parallel()
	s, err := expr.NewSetting("limit", plugins.Of(plugins.Float), plugins.Value{Kind: plugins.Int, Int: 8})
	if err != nil {
		t.Fatal(err)
	}
	b, shape := batch(new(plugins.Pool), jsonColumn(t, "x", plugins.Of(plugins.Float), `7`, `9`), jsonColumn(t, "y", plugins.Type{}, `7.5`, `9`))
	scope := &expr.Scope{Event: shape, Settings: map[string]*expr.Setting{"limit": s}}
	var evs []plugins.Evaluator
	for _, src := range []string{`event.x > setting.limit`, `event.y > setting.limit`, `event.x + setting.limit > 15.5`, `[for v in [event.x] : v > setting.limit][0] == true`} {
		evs = append(evs, compile(t, src, scope).Evaluator(plugins.Env{}))
	}
	check := func(want ...bool) {
		t.Helper()
		for i, ev := range evs {
			b.SelectAll(2)
			col := ev.Eval(b)
			if got := []bool{col.Bools[0], col.Bools[1]}; i != 2 && !slices.Equal(got, want) {
				t.Errorf("expression %d gives %v, want %v", i, got, want)
			}
		}
	}
	check(false, true)
	if err := s.Set(plugins.Value{Kind: plugins.Float, Float: 9.5}); err != nil {
		t.Fatal(err)
	}
	check(false, false)
	if err := s.Set(plugins.Value{Kind: plugins.String, Text: "9"}); err == nil {
		t.Error("a float setting took a string")
	}
	if err := s.Set(plugins.Value{Kind: plugins.Null}); err == nil {
		t.Error("a setting that is not optional took null")
	}
	b.Release()
}

// One expression runs in many goroutines, each with its evaluator.
func TestConcurrentEvaluators(t *testing.T) {
	t.Parallel()
	_, shape := batch(new(plugins.Pool), jsonColumn(t, "x", plugins.Of(plugins.Int), `7`))
	x := compile(t, `{ a = [for i in [1, 2] : i * event.x][*], b = regex::find("a${event.x}", "[0-9]"), c = [{ v = event.x }][*].v }`, &expr.Scope{Event: shape})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			b, _ := batch(new(plugins.Pool), jsonColumn(t, "x", plugins.Of(plugins.Int), `7`))
			for range 50 {
				if got := results(x, b)[0]; got != `{"a":[7,14],"b":"7","c":[7]}` {
					t.Errorf("got %s", got)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestFolding(t *testing.T) {
	t.Parallel()
	scope := &expr.Scope{
		Event:  &plugins.Shape{Format: "json"},
		Static: &hcl.EvalContext{Variables: map[string]cty.Value{"var": cty.ObjectVal(map[string]cty.Value{"limit": cty.NumberFloatVal(7.5)})}},
	}
	x := compile(t, `event.x > var.limit * 2 && event.y == upper("ok") || [for v in event.l : v][0]`, scope)
	var texts []string
	for _, f := range x.Folded() {
		texts = append(texts, f.Text)
	}
	if !slices.Equal(texts, []string{`15`, `"OK"`}) {
		t.Errorf("folded %s", texts)
	}
	if !slices.Equal(x.Fallbacks(), []string{"for"}) {
		t.Errorf("fallbacks %s", x.Fallbacks())
	}
	same := compile(t, `(event.x > 15.0) && event.y == "OK" || [for v in event.l : v][0]`, scope)
	if x.String() != same.String() {
		t.Errorf("%s and %s behave alike", x, same)
	}
	if other := compile(t, `event.x > 15.5 && event.y == "OK" || [for v in event.l : v][0]`, scope); other.String() == x.String() {
		t.Errorf("%s does not behave like %s", other, x)
	}
}
