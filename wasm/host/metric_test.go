package host_test

import (
	"log/slog"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/wasmtest"
)

// f64 is the code that makes a number.
func f64(v float64) []byte {
	bits := math.Float64bits(v)
	code := []byte{0x44}
	for k := range 8 {
		code = append(code, byte(bits>>(8*k)))
	}
	return code
}

var metricImports = []wasmtest.HostFunc{
	{Module: abi.Module, Name: "metric_define", Params: "iii", Results: "i"},
	{Module: abi.Module, Name: "metric_record", Params: "iF"},
}

// measuring is a behaviour with the code of onstream_open and of onstream_process, the names hits and size in its memory.
func measuring(open, process []byte) wasmtest.Behaviour {
	return wasmtest.Behaviour{
		Imports: metricImports, Data: "hitssize9x",
		Funcs: []wasmtest.Export{
			{Name: abi.Open, Params: "ii", Results: "i", Code: wasmtest.Code(open, wasmtest.I32(0))},
			{Name: abi.Process, Params: "ii", Results: "I", Code: wasmtest.Code(process, wasmtest.I64(0))},
		},
	}
}

// define is the code that defines a metric, at offset and length of its name.
func define(kind, ptr, size int32) []byte {
	return wasmtest.Code(wasmtest.I32(kind), wasmtest.I32(ptr), wasmtest.I32(size), wasmtest.CallOf(0), []byte{0x1a})
}

func record(metric int32, v float64) []byte {
	return wasmtest.Code(wasmtest.I32(metric), f64(v), wasmtest.CallOf(1))
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	i := start(t, measuring(
		wasmtest.Code(define(abi.CounterMetric, 0, 4), define(abi.HistogramMetric, 4, 4), define(abi.CounterMetric, 0, 4)),
		wasmtest.Code(record(0, 1), record(1, 2.5), record(0, 3)),
	))
	if got, want := i.Metrics(), []host.Metric{{Kind: abi.CounterMetric, Name: "hits"}, {Kind: abi.HistogramMetric, Name: "size"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("it has %v", got)
	}
	for range 2 { // each call has its own
		if _, err := process(i, ""); err != nil {
			t.Fatal(err)
		}
		if got, want := i.Samples(), []host.Sample{{0, 1}, {1, 2.5}, {0, 3}}; !reflect.DeepEqual(got, want) {
			t.Errorf("it has recorded %v", got)
		}
	}
}

func TestMetricMistakes(t *testing.T) {
	t.Parallel()
	hits := define(abi.CounterMetric, 0, 4)
	for _, x := range []struct {
		open, process []byte
		want          string
	}{
		{define(abi.GaugeMetric, 8, 2), nil, `a metric with the name "9x": write letters, digits and underscores`},
		{define(3, 0, 4), nil, `the metric "hits" of the kind 3: 0 is a counter`},
		{wasmtest.Code(hits, define(abi.GaugeMetric, 0, 4)), nil, `the metric "hits" as two kinds`},
		{wasmtest.Code(hits, record(0, 1)), nil, `the metric "hits" in onstream_open`},
		{nil, hits, `the metric "hits" after onstream_open: define it there`},
		{hits, record(1, 1), "the metric 1, it has defined 1"},
		{hits, record(0, -1), `-1 for the metric "hits": values are finite, and those of counters not negative`},
		{hits, record(0, math.NaN()), `NaN for the metric "hits"`},
	} {
		i, err := load(t, measuring(x.open, x.process).Bytes(), config()).Instantiate(host.NewLog(slog.New(slog.DiscardHandler), 100), 0, nil)
		if err == nil {
			_, err = process(i, "")
		}
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("it gives %v, without %q", err, x.want)
		}
	}
}
