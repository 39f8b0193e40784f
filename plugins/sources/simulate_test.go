package sources_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/sources"
)

// reading is a simulated record.
type reading struct {
	device string
	ts     int64
	seq    int64
	fields map[string]plugins.Value
}

// readings is an outlet for them.
type readings struct {
	discardOutlet
	names []string
	all   []reading
	begun []time.Time
}

func (o *readings) Hand(ctx context.Context, d plugins.Delivery) error {
	b := d.Batch
	o.begun = append(o.begun, time.Now())
	for _, i := range b.Sel {
		r := reading{
			device: b.Column("device").Value(i).Text, ts: b.Column("ts").Ints[i], seq: b.Column("seq").Ints[i],
			fields: map[string]plugins.Value{},
		}
		if b.Times[i] != r.ts {
			return fmt.Errorf("event time %d, ts %d", b.Times[i], r.ts)
		}
		for _, n := range o.names {
			r.fields[n] = b.Column(n).Value(i)
		}
		o.all = append(o.all, r)
	}
	return o.discardOutlet.Hand(ctx, d)
}

func signal(t testing.TB, name string, kv ...any) plugins.ConfigBlock {
	t.Helper()
	return plugins.ConfigBlock{Name: "signal", Label: name, Config: configure(blockSchema(t, "signal"), kv...)}
}

func faults(t testing.TB, kv ...any) plugins.ConfigBlock {
	t.Helper()
	return plugins.ConfigBlock{Name: "faults", Config: configure(blockSchema(t, "faults"), kv...)}
}

func blockSchema(t testing.TB, name string) plugins.Schema {
	t.Helper()
	for _, b := range kind(t, "simulate", sources.Streams{}).Schema.Blocks {
		if b.Name == name {
			return b.Schema
		}
	}
	t.Fatalf("no block %q", name)
	return plugins.Schema{}
}

// fleet runs a simulation to its end, as fast as it can unless told otherwise.
func fleet(t testing.TB, names []string, kv ...any) []reading {
	t.Helper()
	env := environment()
	kv = append([]any{"rate", 0.0, "start_time", "2026-01-01T00:00:00Z", "interval", time.Second}, kv...)
	o := &readings{discardOutlet: discardOutlet{env.Pool}, names: names}
	if err := start(t, "simulate", env, kv...).Run(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	return o.all
}

var newYear = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestSimulatedFleet(t *testing.T) {
	t.Parallel()
	all := fleet(t, nil, "devices", int64(11), "prefix", "x", "count", int64(3000))
	if len(all) != 3000 {
		t.Fatalf("%d records", len(all))
	}
	for k, r := range all {
		want := reading{device: fmt.Sprintf("x%02d", k%11), ts: newYear.UnixNano() + int64(k)*int64(time.Second), seq: int64(k / 11)}
		if r.device != want.device || r.ts != want.ts || r.seq != want.seq {
			t.Fatalf("record %d is %+v, want %+v", k, r, want)
		}
	}
	if all = fleet(t, nil, "duration", time.Minute); len(all) != 60 {
		t.Errorf("%d records in a minute", len(all))
	}
}

func TestSimulationIsThatOfItsSeed(t *testing.T) {
	t.Parallel()
	names := []string{"a", "b", "c", "d", "e"}
	make := func(seed, devices int64, rate float64) []reading {
		return fleet(t, names, "seed", seed, "devices", devices, "count", int64(2500), "rate", rate,
			"a", signal(t, "a", "kind", "sine", "noise", 0.3), "b", signal(t, "b", "kind", "random_walk"),
			"c", signal(t, "c", "kind", "step"), "d", signal(t, "d", "kind", "enum", "values", []string{"p", "q", "r"}),
			"e", signal(t, "e", "kind", "noise", "missing", 0.1),
			"f", faults(t, "dropout", 0.01, "dropout_for", time.Minute, "duplicate", 0.05, "out_of_order", 0.1, "clock_skew", time.Second))
	}
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.Int64().Draw(r, "seed")
		devices := rapid.Int64Range(1, 50).Draw(r, "devices")
		one, two := make(seed, devices, 0), make(seed, devices, 1e9) // at this rate batches are cut otherwise
		if !slices.EqualFunc(one, two, equal) {
			r.Error("the same seed gives other records")
		}
		if slices.EqualFunc(one, make(seed+1, devices, 0), equal) {
			r.Error("another seed gives the same records")
		}
	})
}

func equal(a, b reading) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

func TestSimulatedSignals(t *testing.T) {
	t.Parallel()
	floats := func(lo, hi float64) func(plugins.Value) bool {
		return func(v plugins.Value) bool {
			return v.Kind == plugins.Float && v.Float >= lo && v.Float <= hi && math.Abs(v.Float*10-math.Round(v.Float*10)) < 1e-9
		}
	}
	for name, c := range map[string]struct {
		kv       []any
		distinct int // at least
		ok       func(plugins.Value) bool
	}{
		"sine":        {[]any{"min", -5.0, "max", 5.0}, 30, floats(-5, 5)},
		"random_walk": {[]any{"min", 10.0, "max", 20.0, "step", 30.0}, 50, floats(10, 20)},
		"step":        {[]any{"min", 1.0, "max", 9.0, "period", 10 * time.Second}, 30, floats(1, 9)},
		"noise":       {[]any{"min", 1.0, "max", 2.0, "noise", 1.0}, 15, floats(0, 3)},
		"counter":     {[]any{"min", 5.0, "step", 2.0}, 200, func(v plugins.Value) bool { return v.Kind == plugins.Int && v.Int%2 == 1 && v.Int >= 5 }},
		"enum":        {[]any{"values", []string{"a", "b"}}, 2, func(v plugins.Value) bool { return v.Text == "a" || v.Text == "b" }},
		"flag":        {nil, 2, func(v plugins.Value) bool { return v.Kind == plugins.Bool }},
		"constant":    {[]any{"value", plugins.Value{Kind: plugins.String, Text: "oslo"}}, 1, func(v plugins.Value) bool { return v.Text == "oslo" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := signal(t, "s", append([]any{"kind", name, "digits", int64(1)}, c.kv...)...)
			seen := map[plugins.Value]bool{}
			for _, r := range fleet(t, []string{"s"}, "devices", int64(5), "count", int64(2000), "", s) {
				seen[r.fields["s"]] = true
				if !c.ok(r.fields["s"]) {
					t.Fatalf("value %+v", r.fields["s"])
				}
			}
			if len(seen) < c.distinct {
				t.Errorf("only %d values", len(seen))
			}
		})
	}
}

func TestSimulatedDriftAndProbabilities(t *testing.T) {
	t.Parallel()
	all := fleet(t, []string{"drifting", "status", "maybe", "site"}, "devices", int64(20), "count", int64(7200),
		"", signal(t, "drifting", "kind", "sine", "min", 0.0, "max", 0.0, "drift", 10.0),
		"", signal(t, "status", "kind", "enum", "values", []string{"ok", "bad", "worse"}, "probability", 0.1),
		"", signal(t, "maybe", "kind", "constant", "value", plugins.Value{Kind: plugins.Int, Int: 1}, "missing", 0.25),
		"", signal(t, "site", "kind", "enum", "values", []string{"a", "b", "c"}, "per", "device"))
	if got := all[len(all)-1].fields["drifting"].Float; math.Abs(got-20) > 0.1 {
		t.Errorf("after two hours at 10 an hour: %v", got)
	}
	bad, missing := 0, 0
	sites := map[string]string{}
	for _, r := range all {
		if r.fields["status"].Text != "ok" {
			bad++
		}
		if r.fields["maybe"].Kind == plugins.Null {
			missing++
		}
		if s := r.fields["site"].Text; sites[r.device] == "" {
			sites[r.device] = s
		} else if sites[r.device] != s {
			t.Fatalf("device %s is at %s and at %s", r.device, sites[r.device], s)
		}
	}
	if !near(bad, 720) || !near(missing, 1800) {
		t.Errorf("%d bad of 720 expected, %d missing of 1800", bad, missing)
	}
}

// near allows five standard deviations.
func near(got, expected int) bool {
	return math.Abs(float64(got-expected)) < 5*math.Sqrt(float64(expected))
}

func TestSimulatedFaults(t *testing.T) {
	t.Parallel()
	const count = 20_000
	run := func(kv ...any) []reading {
		return fleet(t, nil, "devices", int64(10), "count", int64(count), "", faults(t, kv...))
	}
	if all := run("duplicate", 0.05); !near(len(all)-count, count/20) {
		t.Errorf("%d duplicates", len(all)-count)
	}
	if all := run("dropout", 0.05); !near(count-len(all), count/20) {
		t.Errorf("%d lost", count-len(all))
	}
	all := run("dropout", 0.001, "dropout_for", 10*time.Minute)
	gap := int64(0)
	seq := map[string]int64{}
	for _, r := range all {
		if last, known := seq[r.device]; known {
			gap = max(gap, r.seq-last-1)
		}
		seq[r.device] = r.seq
	}
	if gap < 60 {
		t.Errorf("the longest silence is %d records, want the 60 of ten minutes", gap)
	}
	all = run("out_of_order", 0.1)
	late, lateness := 0, int64(0)
	newest := int64(0)
	for _, r := range all {
		if r.ts < newest {
			late++
			lateness = max(lateness, newest-r.ts)
		}
		newest = max(newest, r.ts)
	}
	if len(all) != count || !near(late, count/10) || lateness > int64(10*time.Second) {
		t.Errorf("%d records, %d late, by up to %v", len(all), late, time.Duration(lateness))
	}
	skews := map[string]int64{}
	for k, r := range run("clock_skew", time.Minute) {
		skew := r.ts - (newYear.UnixNano() + int64(k)*int64(time.Second))
		if old, known := skews[r.device]; known && old != skew {
			t.Fatalf("device %s is off by %v and by %v", r.device, old, skew)
		}
		skews[r.device] = skew
		if skew == 0 || skew > int64(time.Minute) || skew < -int64(time.Minute) {
			t.Errorf("device %s is off by %v", r.device, time.Duration(skew))
		}
	}
}

func TestSimulationKeepsItsRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		env := environment()
		o := &readings{discardOutlet: discardOutlet{env.Pool}}
		began := time.Now()
		if err := start(t, "simulate", env, "rate", 50.0, "count", int64(101)).Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 2*time.Second || len(o.all) != 101 {
			t.Errorf("%d records in %v, want 101 in 2s", len(o.all), took)
		}
		if len(o.begun) < 100 {
			t.Errorf("%d deliveries: records that are due must not wait", len(o.begun))
		}
		if step := o.all[1].ts - o.all[0].ts; step != int64(20*time.Millisecond) {
			t.Errorf("event times are %v apart", time.Duration(step))
		}
	})
}

func TestSimulationConfiguration(t *testing.T) {
	t.Parallel()
	k := kind(t, "simulate", sources.Streams{})
	for _, c := range []struct {
		kv         []any
		path, says string
	}{
		{[]any{"start_time", "yesterday"}, "start_time", "write it like"},
		{[]any{"", signal(t, "ts", "kind", "sine")}, "signal[ts]", "already"},
		{[]any{"", signal(t, "a", "kind", "enum")}, "signal[a].values", "needs values"},
		{[]any{"", signal(t, "a", "kind", "constant")}, "signal[a].value", "needs a value"},
		{[]any{"", signal(t, "a", "kind", "noise", "min", 2.0)}, "signal[a].min", "swap"},
	} {
		_, err := k.Output(configure(k.Schema, c.kv...))
		wantConfigError(t, err, c.path, c.says)
	}
	shape, err := k.Output(configure(k.Schema,
		"", signal(t, "a", "kind", "noise", "missing", 0.1), "", signal(t, "b", "kind", "counter"),
		"", signal(t, "c", "kind", "constant", "value", plugins.Value{Kind: plugins.Bool})))
	want := "record({device = string, ts = time, seq = int, a = optional(float), b = int, c = bool})"
	if err != nil || shape.Type.String() != want || shape.Format != "" {
		t.Errorf("%v, shape %v", err, shape.Type)
	}
}

func BenchmarkSimulate(b *testing.B) {
	env := environment()
	const records = 100_000
	for b.Loop() {
		s := start(b, "simulate", env, "rate", 0.0, "devices", int64(10_000), "count", int64(records),
			"", signal(b, "temperature", "kind", "random_walk", "min", 20.0, "max", 90.0), "", signal(b, "status", "kind", "enum", "values", []string{"ok", "bad"}))
		if err := s.Run(b.Context(), discardOutlet{env.Pool}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/records, "ns/record")
}
