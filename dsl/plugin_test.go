package dsl_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// withAcme are the kinds of tests, and those of a plugin acme.
func withAcme(t testing.TB) *plugins.Registry {
	t.Helper()
	r := registry(t).Clone()
	source, lookup := tickKind(), tableKind()
	source.Name, lookup.Name = "acme_"+source.Name, "acme_"+lookup.Name
	if err := errors.Join(r.AddSource(source), r.AddLookup(lookup)); err != nil {
		t.Fatal(err)
	}
	return r
}

// started is what became of the plugins in test files, by the name of the block.
func started() map[string]dsl.Started {
	return map[string]dsl.Started{
		"acme":    {Fingerprint: "first"},
		"spare":   {},
		"missing": {Err: plugins.ConfigErrorf("source", "there is no program")},
		"changed": {Err: plugins.ConfigErrorf("sha256", "the program has another digest")},
		"greedy":  {Err: plugins.ConfigErrorf("limits.memory", "too little to start")},
		"mute":    {Err: plugins.ConfigErrorf("", "it said nothing")},
	}
}

// pluginsOf parses a pipeline in a folder.
func pluginsOf(t *testing.T, src string, o dsl.Options) (dir string, found []dsl.Plugin, text string) {
	t.Helper()
	dir = t.TempDir()
	write(t, dir, "main.hcl", src)
	m, diags := dsl.Parse(dir)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	found, diags = m.Plugins(o)
	var s strings.Builder
	if err := dsl.WriteDiagnostics(&s, m.Files(), diags, 0, false); err != nil {
		t.Fatal(err)
	}
	return dir, found, s.String()
}

func TestPluginsAreWhatTheBlocksSay(t *testing.T) {
	t.Parallel()
	const digest = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"
	dir, found, text := pluginsOf(t, `
variable "region" {
  type = string
}
locals {
  where = "bin"
}
plugin "acme" {
  source = "./${local.where}/acme"
  sha256 = "`+digest+`"
  args   = ["--fast", "x y"]
  env    = { REGION = var.region, TOKEN = secret("env:TOKEN") }
  limits {
    memory  = "512MiB"
    restart = 0
    start   = "3s"
    timeout = "1m"
  }
}
plugin "plain" {
  source = "/opt/plain"
}
plugin "wrong" {}
`, dsl.Options{Vars: map[string]string{"region": "eu"}, LookupEnv: func(string) (string, bool) { return "SEKRET6", true }})
	if len(found) != 2 || !strings.Contains(text, "source is missing") {
		t.Fatalf("found %+v\n%s", found, text)
	}
	a, b := found[0], found[1]
	if a.Name != "acme" || a.Source != filepath.Join(dir, "bin", "acme") || a.SHA256 != strings.ToLower(digest) || strings.Join(a.Args, "|") != "--fast|x y" || a.Pos.Line != 8 {
		t.Errorf("acme is %+v", a)
	}
	if len(a.Env) != 2 || a.Env["REGION"].Reveal() != "eu" || a.Env["TOKEN"].Reveal() != "SEKRET6" {
		t.Errorf("its environment is not that of the block: %d names", len(a.Env))
	}
	if strings.Join(a.Shown, " ") != "REGION" {
		t.Errorf("these may be shown: %q", a.Shown)
	}
	if l := a.Limits; l.Memory != 512<<20 || l.Restart == nil || *l.Restart != 0 || l.Start.Seconds() != 3 || l.Timeout.Minutes() != 1 {
		t.Errorf("its limits are %+v", l)
	}
	if b.Name != "plain" || b.Source != "/opt/plain" || b.Limits.Restart != nil || b.Env != nil {
		t.Errorf("plain is %+v", b)
	}
	shown, err := json.Marshal(found)
	if err != nil || strings.Contains(string(shown)+text, "SEKRET6") {
		t.Errorf("a secret is shown: %s %v", shown, err)
	}
}

// TestPluginsThatAreOnlyChecked are started with what is known.
func TestPluginsThatAreOnlyChecked(t *testing.T) {
	t.Parallel()
	const src = `
variable "region" {
  type = string
}
plugin "acme" {
  source = "acme"
  env    = { REGION = var.region, HOME = env("HOME"), TOKEN = secret("env:TOKEN"), FIXED = "x" }
}
`
	_, found, text := pluginsOf(t, src, dsl.Options{CheckOnly: true})
	if len(found) != 1 || len(found[0].Env) != 2 || found[0].Env["FIXED"].Reveal() != "x" || found[0].Env["TOKEN"].Reveal() != "stub" || text != "" {
		t.Errorf("found %+v\n%s", found, text)
	}
	_, found, text = pluginsOf(t, strings.Replace(src, "  env", "  args   = [var.region]\n  env", 1), dsl.Options{CheckOnly: true})
	if len(found) != 0 || !strings.Contains(text, "main.hcl line 7") || !strings.Contains(text, "give variables a value with --var") {
		t.Errorf("found %+v\n%s", found, text)
	}
	_, found, text = pluginsOf(t, strings.Replace(src, `"acme"`+"\n", "var.region\n", 1), dsl.Options{CheckOnly: true})
	if len(found) != 0 || !strings.Contains(text, "main.hcl line 6") || !strings.Contains(text, "source depends on what is not known then") {
		t.Errorf("found %+v\n%s", found, text)
	}
}

// TestNoPluginStartsWhereValuesAreWrong, of which nobody knows what they were to be.
func TestNoPluginStartsWhereValuesAreWrong(t *testing.T) {
	t.Parallel()
	_, found, text := pluginsOf(t, "variable \"x\" {\n  type = string\n}\nplugin \"acme\" {\n  source = \"acme\"\n}\n", dsl.Options{})
	if len(found) != 0 || !strings.Contains(text, `"x"`) && !strings.Contains(text, "x has no value") {
		t.Errorf("found %+v\n%s", found, text)
	}
}

// TestStagesOfAnotherProcessHaveChanged while all others are as they were.
func TestStagesOfAnotherProcessHaveChanged(t *testing.T) {
	t.Parallel()
	const src = `
plugin "acme" {
  source = "acme"
}
source "acme_tick" "a" {}
source "tick" "b" {}
sink "print" "out" {
  from = [source.a, source.b]
}
`
	dir := t.TempDir()
	write(t, dir, "main.hcl", src)
	built := func(fingerprint string) *dsl.Pipeline {
		m, diags := dsl.Parse(dir)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		p, diags := m.Build(withAcme(t), dsl.Options{Plugins: map[string]dsl.Started{"acme": {Fingerprint: fingerprint}}})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return p
	}
	for _, now := range []string{"one", "two"} {
		changes := diffOf(built("one"), built(now))
		want := map[string]string{"one": "", "two": "source.a changed [plugin]"}[now]
		if changes != want {
			t.Errorf("%s: %q, want %q", now, changes, want)
		}
	}
}

func diffOf(old, now *dsl.Pipeline) string {
	var all []string
	for _, c := range graph.Diff(old.Graph, now.Graph) {
		all = append(all, fmt.Sprintf("%s %s %v", c.Addr, c.Kind, c.Attributes()))
	}
	return strings.Join(all, "; ")
}
