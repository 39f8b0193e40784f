package dsl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// build makes a pipeline of one file's text, which must be without errors.
func build(t *testing.T, src string, o dsl.Options) *dsl.Pipeline {
	t.Helper()
	m, diags := dsl.ParseSources("test", map[string][]byte{"main.hcl": []byte(src)})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p, diags := m.Build(registry(t), o)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return p
}

// refuse returns the diagnostics of a file that must not build.
func refuse(t *testing.T, src string, o dsl.Options) string {
	t.Helper()
	m, diags := dsl.ParseSources("test", map[string][]byte{"main.hcl": []byte(src)})
	if !diags.HasErrors() {
		_, diags = m.Build(registry(t), o)
	}
	if !diags.HasErrors() {
		t.Fatal("it should have been refused")
	}
	var s strings.Builder
	if err := dsl.WriteDiagnostics(&s, m.Files(), diags, 0, false); err != nil {
		t.Fatal(err)
	}
	return s.String()
}

func present(name string) (string, bool) { return "hunter2", name == "PRESENT" }

func coldChain(t *testing.T, file string) *dsl.Pipeline {
	t.Helper()
	m, diags := dsl.Parse(filepath.Join("testdata/valid", file))
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	p, diags := m.Build(registry(t), dsl.Options{LookupEnv: present})
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return p
}

func TestGraphIsBuilt(t *testing.T) {
	t.Parallel()
	p := coldChain(t, "cold_chain.hcl")
	g := p.Graph
	if g.Name != "cold_chain" || g.Version != "1.4.0" || g.Require != graph.AtLeastOnce {
		t.Errorf("pipeline is %q %q %q", g.Name, g.Version, g.Require)
	}
	var addrs []string
	for _, s := range g.Stages {
		addrs = append(addrs, s.Addr())
	}
	want := []string{"source.sensors", "transform.usable", "transform.named", "transform.verdict", "sink.alerts", "sink.history", "sink.dead"}
	if !slices.Equal(addrs, want) {
		t.Errorf("stages %v, want %v", addrs, want)
	}
	s := g.Stage("source.sensors")
	switch {
	case s.Format != "csv" || s.Options.String("delimiter") != ";":
		t.Errorf("format %q %q", s.Format, s.Options.String("delimiter"))
	case !slices.Equal(s.Config.Strings("path"), []string{"plant.csv"}):
		t.Errorf("path %v", s.Config.Strings("path"))
	case s.Config.Int("max") != 64<<10 || s.Config.Duration("poll") != 90*time.Second || s.Config.String("mode") != "follow":
		t.Errorf("config %s", s.Config.Fingerprint())
	case s.Schema.String() != "record({device = string, site = string, temp_c = optional(float), ts = time})":
		t.Errorf("schema %s", s.Schema)
	case s.Config.Payload().Format != "csv":
		t.Error("the kind is not told the format")
	}
	history := g.Stage("sink.history")
	if history.Retry != (graph.Retry{Max: 8, Backoff: 500 * time.Millisecond}) {
		t.Errorf("retry %+v", history.Retry)
	}
	if history.Config.Secret("token").Reveal() != "hunter2" {
		t.Error("the secret did not arrive")
	}
	if len(history.Inputs) != 2 || history.Inputs[1].Output != "hot" || history.Inputs[1].Pos.Line != 71 {
		t.Errorf("inputs %+v", history.Inputs)
	}
	if in := g.Stage("sink.dead").In; !in.Type.Equal(graph.ErrorShape().Type) {
		t.Errorf("the error sink is given %s", in.Type)
	}
	if k := g.Stage("sink.alerts").Key; k == nil || k.Type().Kind != plugins.String {
		t.Error("the sink has no key")
	}
}

func TestEverythingElseIsBuilt(t *testing.T) {
	t.Parallel()
	p := coldChain(t, "cold_chain.hcl")
	if v := p.Settings["limit_c"].Get(); v.Float != 8 {
		t.Errorf("limit_c is %v", v.Float)
	}
	if spec := p.SettingSpecs[0]; spec.Label != "Alarm above (°C)" || *spec.Max != 25 || len(spec.Scope) != 2 {
		t.Errorf("setting %+v", spec)
	}
	if len(p.Outputs) != 2 || p.Outputs[0].Stream != "transform.verdict.hot" || string(p.Outputs[1].Value) != `{"range":[-30,25],"unit":"C"}` {
		t.Errorf("outputs %+v", p.Outputs)
	}
	if r := p.Graph.Renamed; len(r) != 1 || r[0].From != "transform.usable_readings" || r[0].To != "transform.usable" {
		t.Errorf("renamed %+v", r)
	}
}

func TestTestBlock(t *testing.T) {
	t.Parallel()
	p := coldChain(t, "cold_chain.hcl")
	if len(p.Tests) != 1 {
		t.Fatalf("%d tests", len(p.Tests))
	}
	x := p.Tests[0]
	if x.Name != "one warm reading" || x.Now != time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC).UnixNano() {
		t.Errorf("test %q at %d", x.Name, x.Now)
	}
	var rows []string
	for _, r := range x.Given[0].Rows {
		rows = append(rows, string(r.Text))
	}
	want := []string{
		`{"device":"d1","site":"oslo","temp_c":11.5,"ts":"2026-01-01T00:00:10Z"}`,
		`{"ts":"2026-01-01T00:00:20Z","site":"oslo","device":"d1"}`,
		`d2;oslo;;2026-01-01T00:00:30Z`,
	}
	if !slices.Equal(rows, want) || x.Given[0].Rows[0].Raw || !x.Given[0].Rows[2].Raw {
		t.Errorf("rows %q", rows)
	}
	e := x.Expect[0]
	if e.At != "sink.alerts" || *e.Count != 1 || e.Where == nil || len(e.Rows) != 1 || e.Shape.Format != "json" {
		t.Errorf("expect %+v", e)
	}
	if x.Expect[1].At != graph.Errors || *x.Expect[1].Count != 0 || x.Expect[2].Output != "hot" || x.Expect[2].Count != nil {
		t.Errorf("expect %+v", x.Expect[1:])
	}
	o := x.Options(dsl.Options{Vars: map[string]string{"other": "1"}, LookupEnv: present, CheckOnly: true})
	if o.Vars["unit"] != "F" || o.Vars["other"] != "1" || o.Settings["limit_c"] != "8.5" || o.CheckOnly {
		t.Errorf("options %+v", o)
	}
	if v, ok := o.LookupEnv("PRESENT"); !ok || v != "no" {
		t.Error("a test does not see its own environment")
	}
	if _, ok := o.LookupEnv("PATH"); ok {
		t.Error("a test sees the real environment")
	}
}

// TestJSONSyntax builds the same pipeline from both syntaxes.
func TestJSONSyntax(t *testing.T) {
	t.Parallel()
	native, converted := coldChain(t, "cold_chain.hcl"), coldChain(t, "cold_chain.hcl.json")
	if changes := graph.Diff(native.Graph, converted.Graph); len(changes) > 0 {
		for _, c := range changes {
			t.Errorf("%s %s:\n%s\n%s", c.Addr, c.Kind, c.Old.Fingerprint(), c.New.Fingerprint())
		}
	}
	if len(converted.Graph.Stages) != len(native.Graph.Stages) {
		t.Errorf("%d stages", len(converted.Graph.Stages))
	}
	if string(native.Outputs[1].Value) != string(converted.Outputs[1].Value) || native.Outputs[0].Stream != converted.Outputs[0].Stream {
		t.Errorf("outputs %+v", converted.Outputs)
	}
	for i, r := range native.Tests[0].Given[0].Rows {
		if o := converted.Tests[0].Given[0].Rows[i]; string(r.Text) != string(o.Text) || r.Raw != o.Raw {
			t.Errorf("row %d: %s", i, o.Text)
		}
	}
}

func TestDirectoryIsOnePipeline(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "b.hcl", "source \"tick\" \"in\" {}\n")
	write(t, dir, "a.hcl.json", `{"sink": {"print": {"out": {"from": "source.in"}}}}`)
	write(t, dir, ".hidden.hcl", "nonsense")
	write(t, dir, "notes.txt", "nonsense")
	m, diags := dsl.Parse(dir)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p, diags := m.Build(registry(t), dsl.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if p.Graph.Name != filepath.Base(dir) || len(p.Graph.Stages) != 2 {
		t.Errorf("%s has %d stages", p.Graph.Name, len(p.Graph.Stages))
	}
	for _, path := range []string{t.TempDir(), filepath.Join(dir, "absent")} {
		if m, diags := dsl.Parse(path); !diags.HasErrors() || m == nil {
			t.Errorf("%s is taken for a pipeline", path)
		}
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestComputedRows has rows for a test that are not written out.
func TestComputedRows(t *testing.T) {
	t.Parallel()
	p := build(t, ends+`
locals { rows = [{ n = 1 }, { n = 2 }] }

test "computed" {
  given {
    at   = source.in
    rows = [for i in range(2) : { n = i, at = "2026-01-01T00:00:00Z" }]
  }
  expect {
    at   = sink.out
    rows = local.rows
  }
  expect {
    at   = source.in.errors
    rows = []
  }
}
`, dsl.Options{})
	x := p.Tests[0]
	if len(x.Given[0].Rows) != 2 || string(x.Given[0].Rows[1].Text) != `{"at":"2026-01-01T00:00:00Z","n":1}` {
		t.Errorf("given %s", fmt.Sprint(x.Given[0].Rows))
	}
	if len(x.Expect[0].Rows) != 2 || string(x.Expect[0].Rows[1].Text) != `{"n":2}` {
		t.Errorf("expected %s", fmt.Sprint(x.Expect[0].Rows))
	}
	if e := x.Expect[1]; e.At != "source.in" || e.Output != graph.Errors || e.Rows == nil || len(e.Rows) != 0 {
		t.Errorf("expected %+v", e)
	}
	for _, rows := range []string{`5`, `"x"`, `{ n = 1 }`, `[1]`, `[for i in range(2) : i]`, `null`, `local.none`} {
		refuse(t, ends+"test \"t\" {\n given {\n at = source.in\n rows = "+rows+"\n}\n expect { at = errors }\n}\n", dsl.Options{})
	}
}
