package expr_test

import (
	"testing"

	"github.com/onstream/onstream/dsl/expr"
	"github.com/onstream/onstream/plugins"
)

// telemetry makes a batch as the bench workloads have it.
func telemetry(typed bool, rows int) (*plugins.Batch, *plugins.Shape) {
	kinds := []plugins.Type{plugins.Of(plugins.String), plugins.Of(plugins.Float), plugins.Of(plugins.Int), plugins.Of(plugins.String)}
	cols := []column{{name: "device_id"}, {name: "temperature"}, {name: "n"}, {name: "site"}}
	for i := range cols {
		if typed {
			cols[i].typ = kinds[i]
		}
		for k := range rows {
			v := []plugins.Value{
				{Kind: plugins.String, Text: "d-002305"},
				{Kind: plugins.Float, Float: 40 + float64(k*7919%400)/10},
				{Kind: plugins.Int, Int: int64(k)},
				{Kind: plugins.String, Text: []string{"plant-5", "plant-6"}[k%2]},
			}[i]
			cols[i].values = append(cols[i].values, v)
		}
	}
	return batch(new(plugins.Pool), cols...)
}

var benchmarked = []string{
	`event.temperature > 75`,
	`event.temperature * 9 / 5 + 32`,
	`event.n * 3 + 1`,
	`event.site == "plant-5"`,
	`event.temperature > 75 && event.site == "plant-5"`,
	`event.temperature > 75 ? "hot" : "ok"`,
	`"${event.site}/${event.n}"`,
	`{ device = event.device_id, f = event.temperature }`,
	`upper(event.site)`,
	`round(event.temperature, 1)`,
	`abs(event.n)`,
	`[for x in [event.temperature] : x * 2]`,
}

// BenchmarkEval reports the time for a row.
func BenchmarkEval(b *testing.B) {
	for _, typed := range []bool{true, false} {
		for _, src := range benchmarked {
			b.Run(src+map[bool]string{true: "/typed", false: "/any"}[typed], func(b *testing.B) {
				const rows = 1024
				in, shape := telemetry(typed, rows)
				ev := compile(b, src, &expr.Scope{Event: shape}).Evaluator(plugins.Env{})
				b.ReportAllocs()
				for b.Loop() {
					ev.Eval(in)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
			})
		}
	}
}

// Kernels of operators, templates and constructors allocate nothing once they have run on a batch of the size.
func TestNoAllocations(t *testing.T) {
	for _, typed := range []bool{true, false} {
		for _, src := range benchmarked[:len(benchmarked)-4] {
			in, shape := telemetry(typed, 256)
			ev := compile(t, src, &expr.Scope{Event: shape}).Evaluator(plugins.Env{})
			ev.Eval(in)
			if n := testing.AllocsPerRun(20, func() { ev.Eval(in) }); n > 0 {
				t.Errorf("typed %v: %s allocates %v times a batch", typed, src, n)
			}
			in.Release()
		}
	}
}
