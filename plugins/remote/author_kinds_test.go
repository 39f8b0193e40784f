package remote

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

func TestKindsThatAPluginCannotHave(t *testing.T) {
	t.Parallel()
	source := plugins.SourceKind{Name: "x", Payload: true, New: func(plugins.Config, plugins.Env) (plugins.Source, error) { return nil, nil }}
	transform := plugins.TransformKind{Name: "x", New: func(plugins.Config, plugins.Env) (plugins.Transform, error) { return nil, nil }}
	sink := plugins.SinkKind{Name: "x", New: func(plugins.Config, plugins.Env) (plugins.Sink, error) { return nil, nil }}
	lookup := plugins.LookupKind{Name: "x", New: func(plugins.Config, plugins.Env) (plugins.Lookup, error) { return nil, nil }}
	perRecord := plugins.Schema{Blocks: []plugins.Block{{Name: "b", Schema: plugins.Schema{Attrs: []plugins.Attr{{Name: "value", Type: plugins.AttrExpr}}}}}}
	kind := func(f func(*plugins.TransformKind)) plugins.TransformKind {
		k := transform
		f(&k)
		return k
	}
	for want, k := range map[string]any{
		`transform kind "x": it keeps something per key, and what is kept belongs to the engine`:                    kind(func(k *plugins.TransformKind) { k.Keyed = true }),
		`transform kind "x": it has several inputs (Ports), and a plugin's has one`:                                 kind(func(k *plugins.TransformKind) { k.Ports = []string{"a"} }),
		`transform kind "x": it takes a look-up (Lookup), and those of the host do not reach a plugin`:              kind(func(k *plugins.TransformKind) { k.Lookup = true }),
		`transform kind "x": it has no New`:                                                                         kind(func(k *plugins.TransformKind) { k.New = nil }),
		`transform kind "x y": its name is "x y": it is to be of letters, digits and _, and to begin with a letter`: kind(func(k *plugins.TransformKind) { k.Name = "x y" }),
		`transform kind "x": its expressions refer to more than the record (Locals), and the host evaluates them`: kind(func(k *plugins.TransformKind) {
			k.Locals = func(string, []plugins.Shape, plugins.Config) ([]plugins.Local, bool) { return nil, true }
		}),
		`transform kind "x": attribute "a": type "object of aggregates" is none that the kind of a plugin can have`: kind(func(k *plugins.TransformKind) {
			k.Schema.Attrs = []plugins.Attr{{Name: "a", Type: plugins.AttrAggregation}}
		}),
		`source kind "x": it needs a connection (Via), and connections do not reach a plugin`:    func() any { k := source; k.Via = "topic"; return k }(),
		`source kind "x": it has neither Payload nor Output, so nothing is known of its records`: func() any { k := source; k.Payload = false; return k }(),
		`source kind "x": attribute "value" is evaluated per record, and only transforms (and the topic and the body of a sink) have such`: func() any {
			k := source
			k.Schema = perRecord
			return k
		}(),
		`sink kind "x": it needs a connection (Via), and connections do not reach a plugin`:   func() any { k := sink; k.Via = "topic"; return k }(),
		`lookup kind "x": it needs a connection (Via), and connections do not reach a plugin`: func() any { k := lookup; k.Via = "topic"; return k }(),
		`format "x": formats are the host's; a kind without Payload makes columns`:            plugins.Codec{Name: "x"},
		`connector "x": a plugin has no connections that stages name; a stage has its own`:    plugins.ConnectorKind{Name: "x"},
	} {
		_, err := newAuthor(Serving{Name: "acme", Registry: registryOf(t, k)}, slog.New(slog.DiscardHandler))
		if err == nil || err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	for want, s := range map[string]Serving{
		"Serving has no Registry":   {Name: "acme"},
		"the registry has no kinds": {Name: "acme", Registry: &plugins.Registry{}},
		`the plugin's name is "a-b": it is to be of letters, digits and _, and to begin with a letter`: {Name: "a-b"},
	} {
		if _, err := newAuthor(s, slog.New(slog.DiscardHandler)); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestWhatAPluginSaysOfItself(t *testing.T) {
	t.Parallel()
	a, err := newAuthor(Serving{Name: "acme", Version: "1.2.3", Registry: registryOf(t,
		sinkOf(sinkFuncs{}), sourceOf(sourceFuncs{}),
		plugins.TransformKind{
			Name: "scale", Schema: plugins.Schema{Doc: "Scales a number. It is exact."}, New: func(plugins.Config, plugins.Env) (plugins.Transform, error) { return nil, nil },
		},
	)}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	text := a.manual()
	for _, want := range []string{
		"acme 1.2.3 is a plugin of onstream: a program that onstream starts. It offers\n",
		"  source     acme_in     \n", "  transform  acme_scale  Scales a number\n", "  sink       acme_out    \n",
		"  plugin \"acme\" {\n    source = \"", "  source \"acme_in\" \"NAME\" {\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestConfigureTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	source := sourceOf(sourceFuncs{})
	source.Check = func(c plugins.Config) error {
		return errors.Join(plugins.ConfigErrorf("inner[a].port", "%d is no port", c.Int("port")), errors.New("and more"))
	}
	source.Schema.Attrs = []plugins.Attr{{Name: "port", Type: plugins.AttrInt}}
	sharing := sourceOf(sourceFuncs{})
	sharing.Name = "sharing"
	sharing.Capabilities = func(plugins.Config) plugins.Capabilities { return plugins.Capabilities{Shares: true} }
	sink := sinkOf(sinkFuncs{})
	sink.Capabilities = func(plugins.Config) plugins.Capabilities { return plugins.Capabilities{Transactions: true} }
	transform := numbers(func(plugins.Shape, plugins.Config) ([]plugins.Output, error) { panic("oh") }, nil)
	lookup := plugins.LookupKind{
		Name: "find", Type: func(plugins.Config) (plugins.Type, error) {
			return plugins.Type{}, plugins.ConfigErrorf("", "nothing there")
		},
		New: func(plugins.Config, plugins.Env) (plugins.Lookup, error) { return nil, nil },
	}
	c, _ := serveKinds(t, source, sharing, sink, transform, lookup)
	port := stageOf(pb.Role_SOURCE, "in")
	port.Config = &pb.Config{Settings: []*pb.Setting{{Name: "port", Value: &pb.Setting_Int{Int: 99999}}}}
	for want, stage := range map[string]*pb.Stage{
		`inner[a].port: 99999 is no port; : and more`:                                                          port,
		`: source sharing divides its partitions among the members of a group (Shares), which a plugin cannot`: stageOf(pb.Role_SOURCE, "sharing"),
		`: sink out writes in transactions (Transactions), which a plugin cannot`:                              stageOf(pb.Role_SINK, "out"),
		`: panic in transform numbers: oh`:                                                                     numbersStage(),
		`: nothing there`:                                                                                      stageOf(pb.Role_LOOKUP, "find"),
	} {
		r, err := c.Configure(t.Context(), &pb.ConfigureRequest{Stage: stage, Input: &pb.Shape{Format: "json"}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range r.GetProblems() {
			got = append(got, p.GetPath()+": "+p.GetMessage())
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
	if _, err := c.Configure(t.Context(), &pb.ConfigureRequest{Stage: stageOf(pb.Role_SINK, "none")}); err == nil || !strings.Contains(err.Error(), `plugin acme has no sink kind "none"`) {
		t.Error(err)
	}
}

func TestConfigureTellsWhatAStageIs(t *testing.T) {
	t.Parallel()
	transform := numbers(withTwice, nil)
	transform.Describe = func(plugins.Config) plugins.Description {
		return plugins.Description{Volatile: true, Remarks: []string{"asks a device"}}
	}
	sink := sinkOf(sinkFuncs{})
	sink.Capabilities = func(plugins.Config) plugins.Capabilities {
		return plugins.Capabilities{Idempotent: true, Weakens: "on Mondays"}
	}
	c, _ := serveKinds(t, transform, sink)
	r, err := c.Configure(t.Context(), &pb.ConfigureRequest{Stage: numbersStage(), Input: &pb.Shape{Format: "json"}})
	if err != nil || !r.GetVolatile() || fmt.Sprint(r.GetRemarks()) != "[asks a device]" || r.GetOutputs()[0].GetFrom() != pb.Output_INPUT || r.GetOutputs()[0].GetFields()[0].GetName() != "twice" {
		t.Error(r, err)
	}
	r, err = c.Configure(t.Context(), &pb.ConfigureRequest{Stage: stageOf(pb.Role_SINK, "out")})
	if err != nil || !r.GetCapabilities().GetIdempotent() || r.GetCapabilities().GetWeakens() != "on Mondays" {
		t.Error(r, err)
	}
}

// lookupFunc is a look-up that is a function.
type lookupFunc func(ctx context.Context, keys []plugins.Value, found func(int, []byte)) error

func (f lookupFunc) Find(ctx context.Context, keys []plugins.Value, found func(int, []byte)) error {
	return f(ctx, keys, found)
}

func TestLookupsFind(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	f := lookupFunc(func(_ context.Context, keys []plugins.Value, found func(int, []byte)) error {
		switch keys[0].Text {
		case "wait":
			<-release
		case "away":
			return errors.New("the table is away")
		case "stray":
			found(5, nil)
		}
		found(1, []byte(`{"a":1}`))
		return nil
	})
	c, _ := serveKinds(t, plugins.LookupKind{Name: "find", New: func(plugins.Config, plugins.Env) (plugins.Lookup, error) { return f, nil }})
	s, err := c.Lookup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	transmit(t, s, &pb.LookupRequest{Request: &pb.LookupRequest_Open{Open: &pb.OpenLookup{Stage: stageOf(pb.Role_LOOKUP, "find")}}})
	if o := receive(t, s).GetOpened(); o == nil || o.GetProblem() != nil {
		t.Fatal(o)
	}
	find := func(id uint64, text string) {
		t.Helper()
		transmit(t, s, &pb.LookupRequest{Request: &pb.LookupRequest_Find{Find: &pb.Find{Id: id, Keys: []*pb.Value{
			{Kind: pb.ValueKind_TEXT, Text: []byte(text)}, {Kind: pb.ValueKind_INTEGER, Int: 1},
		}}}})
	}
	found := func(id uint64, want string) {
		t.Helper()
		for {
			r := receive(t, s)
			if r.GetMetrics() != nil {
				continue
			}
			f := r.GetFound()
			if got := fmt.Sprintf("%v%s %s", f.GetKeys(), f.GetRecords().GetData(), f.GetProblem().GetMessage()); f.GetId() != id || got != want {
				t.Errorf("%d: %s, want %s", f.GetId(), got, want)
			}
			return
		}
	}
	find(1, "wait")
	find(2, "x") // does not wait for the first
	found(2, `[1]{"a":1} `)
	find(3, "away")
	found(3, `[] the table is away`)
	find(4, "stray")
	found(4, `[] the look-up has found keys that it was not asked for`)
	close(release)
	found(1, `[1]{"a":1} `)
	finish(t, s)
}

func TestMetricsArriveAsTheyWereRecorded(t *testing.T) {
	t.Parallel()
	m := &plugins.Metrics{}
	told := metricsTold{of: m}
	got := &plugins.Metrics{} // of the host
	pass := func() {
		for _, x := range told.news().GetMetrics() {
			kinds := map[pb.Metric_Kind]plugins.MetricKind{pb.Metric_COUNTER: plugins.Counter, pb.Metric_GAUGE: plugins.Gauge, pb.Metric_HISTOGRAM: plugins.Histogram}
			to := got.Define(kinds[x.GetKind()], x.GetName())
			for i, v := range x.GetValues() {
				n := uint64(1)
				if x.GetCounts() != nil {
					n = x.GetCounts()[i]
				}
				for range n {
					to.Record(v)
				}
			}
		}
	}
	count, level, times := m.Define(plugins.Counter, "count"), m.Define(plugins.Gauge, "level"), m.Define(plugins.Histogram, "times")
	for round := range 3 {
		for i := range 100 {
			count.Record(1)
			level.Record(float64(round))
			times.Record(float64(i*i) / 100 * float64(round))
		}
		times.Record(3e6)
		pass()
	}
	if told.news() != nil {
		t.Error("what was told is told again")
	}
	want, have := m.Values(), got.Values()
	for i, w := range want {
		h := have[i]
		if h.Name != w.Name || math.Abs(h.Value-w.Value) > 1e-6*math.Abs(w.Value) || fmt.Sprint(h.Buckets) != fmt.Sprint(w.Buckets) {
			t.Errorf("%+v, want %+v", h, w)
		}
	}
	level.Record(math.NaN())
	if told.news() != nil {
		t.Error("no number was told")
	}
}

func TestLogLinesHaveALevel(t *testing.T) {
	t.Parallel()
	out := &logged{}
	log := slog.New(logHandler(out))
	log.Log(t.Context(), slog.LevelDebug-4, "a")
	log.Debug("b")
	log.Log(t.Context(), slog.LevelWarn+1, "c", "key", plugins.NewSecret("hush"))
	lines := strings.Split(out.String(), "\n")
	for i, want := range []string{`"@level":"trace","@message":"a"}`, `"@level":"debug","@message":"b"}`, `"@level":"warn","@message":"c","key":"(secret)"}`} {
		if !strings.HasSuffix(lines[i], want) {
			t.Errorf("%s, want %s", lines[i], want)
		}
	}
}
