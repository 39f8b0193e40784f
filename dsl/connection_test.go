package dsl_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/onstream/onstream/dsl"
)

// A connection is had from files that are no pipeline, or a wrong one, as far as
// it is right itself.
func TestConnection(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "main.hcl", `pipeline "plant" {}
source "listen" "in" { form = source.nobody }
connector "bus" "broken" { url = "nowhere" }
`)
	write(t, dir, "bus.hcl", `variable "host" { default = "b1" }
connector "bus" "main" {
  url = "bus://${var.host}"
  password = secret("env:WORD")
}
`)
	o := dsl.Options{Vars: map[string]string{"host": "b2"}, LookupEnv: func(name string) (string, bool) { return "open " + name, true }}
	m, diags := dsl.Parse(dir)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	c, diags := m.Connection(registry(t), o, "main")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if c.Pipeline != "plant" || c.Name != "main" || c.Kind.Name != "bus" || c.Config.String("url") != "bus://b2" || c.Config.Secret("password").Reveal() != "open WORD" {
		t.Errorf("the connection is %+v", c)
	}
	for name, want := range map[string]string{
		"broken": "nowhere is no URL",
		"mani":   `there is no connector.mani in these files; did you mean "main"?`,
	} {
		if c, diags := m.Connection(registry(t), o, name); c != nil || !strings.Contains(diags.Error(), want) {
			t.Errorf("%s: %v, want %s", name, diags, want)
		}
	}
}

// Files and folders may be one pipeline together, which is where the first one is.
func TestParseAll(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	write(t, dir, "fleet.hcl", "source \"tick\" \"in\" {}\n")
	write(t, other, "out.hcl", "sink \"print\" \"out\" { from = source.in }\n")
	m, diags := dsl.ParseAll([]string{filepath.Join(dir, "fleet.hcl"), other})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p, diags := m.Build(registry(t), dsl.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if p.Graph.Name != "fleet" || len(p.Graph.Stages) != 2 {
		t.Errorf("%s has %d stages", p.Graph.Name, len(p.Graph.Stages))
	}
	absent := filepath.Join(dir, "absent.hcl")
	if m, diags := dsl.ParseAll([]string{other, absent}); m == nil || !strings.Contains(diags.Error(), absent+" does not exist") {
		t.Errorf("without a file: %v", diags)
	}
}
