package dsl_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/onstream/onstream/dsl"
)

// ends makes a pipeline of the rest.
const ends = `
source "tick" "in" {}

sink "print" "out" {
  from = source.in
}
`

// TestVariablePrecedence sets one variable in ever more places: the last of
// default, *.auto.vars.hcl, the environment's file, ONSTREAM_VAR_x and --var
// counts.
func TestVariablePrecedence(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "main.hcl", ends+`
variable "x" {
  type    = string
  default = "default"
}

output "x" { value = var.x }
`)
	o := dsl.Options{}
	check := func(want string) {
		t.Helper()
		m, diags := dsl.Parse(dir)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		p, diags := m.Build(registry(t), o)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if got := string(p.Outputs[0].Value); got != `"`+want+`"` {
			t.Errorf("x is %s, want %s", got, want)
		}
	}
	check("default")
	write(t, dir, "a.auto.vars.hcl", `x = "auto a"`)
	check("auto a")
	write(t, dir, "b.auto.vars.hcl", `x = "auto b"`)
	check("auto b")
	write(t, dir, "a.vars.hcl", `x = "prod"`)
	check("auto b")
	o.Env = "a"
	check("prod")
	o.LookupEnv = func(name string) (string, bool) { return "env", name == "ONSTREAM_VAR_x" }
	check("env")
	o.Vars = map[string]string{"x": "flag"}
	check("flag")
}

func TestBrokenVarsFileMattersOnlyWhenUsed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "main.hcl", ends+"variable \"x\" { default = 1 }\n")
	write(t, dir, "prod.vars.hcl", "x = ")
	write(t, dir, "typo.vars.hcl", "y = 1")
	m, diags := dsl.Parse(dir)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if _, diags := m.Build(registry(t), dsl.Options{}); diags.HasErrors() {
		t.Error(diags)
	}
	for _, env := range []string{"prod", "typo"} {
		_, diags := m.Build(registry(t), dsl.Options{Env: env})
		if len(diags) != 1 || diags[0].Subject == nil || filepath.Base(diags[0].Subject.Filename) != env+".vars.hcl" {
			t.Errorf("%s: %v", env, diags)
		}
	}
}

// TestVariableTypes reads values of each type as the command line has them.
func TestVariableTypes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ typ, text, want string }{
		{"string", "12", `"12"`},
		{"int", "12", `12`},
		{"float", "1.5", `1.5`},
		{"bool", "true", `true`},
		{"list(int)", "[1, 2]", `[1,2]`},
		{"map(string)", `{ a = "b" }`, `{"a":"b"}`},
		{"record({ a = int, b = optional(string) })", `{ a = 1 }`, `{"a":1,"b":null}`},
		{"optional(int)", "null", `null`},
		{"any", "[true]", `[true]`},
		{"any", "plain words", `"plain words"`},
		{"time", "2026-01-01T00:00:00Z", `"2026-01-01T00:00:00Z"`},
		{"duration", "90s", `"1m30s"`},
	} {
		src := ends + "variable \"x\" { type = " + c.typ + " }\noutput \"x\" { value = var.x }\n"
		p := build(t, src, dsl.Options{Vars: map[string]string{"x": c.text}})
		if got := string(p.Outputs[0].Value); got != c.want {
			t.Errorf("%s %q is %s, want %s", c.typ, c.text, got, c.want)
		}
	}
	for _, c := range []struct{ typ, text string }{
		{"int", "1.5"}, {"int", `"1"`}, {"int", "x"}, {"bool", "yes"}, {"list(int)", "[1, true]"}, {"list(int)", "1"},
		{"record({ a = int })", "{}"}, {"record({ a = int })", "{ a = 1, b = 2 }"}, {"time", "noon"}, {"duration", "5"},
		{"int", "1 +"}, {"int", "event.x"}, {"int", strings.Repeat("(", 100000)}, {"map(int)", "[1]"},
	} {
		src := ends + "variable \"x\" { type = " + c.typ + " }\n"
		refuse(t, src, dsl.Options{Vars: map[string]string{"x": c.text}})
	}
}

// TestCheckOnly builds without any of the values that come from outside.
func TestCheckOnly(t *testing.T) {
	t.Parallel()
	src := `
variable "lines" { type = int }
variable "paths" { type = list(string) }
variable "limit" { type = float }
variable "token" {
  type      = string
  sensitive = true
}

locals {
  mode  = env("MODE")
  words = upper(file("absent.txt"))
  twice = var.lines * 2
}

source "feed" "in" {
  path     = var.paths
  lines    = var.lines
  mode     = local.mode
  poll     = env("POLL")
  max      = env("SIZE")
  token    = secret("file:absent")
  value    = { a = local.words }
  on_error = "drop"
}

transform "filter" "f" {
  from  = source.in
  where = event.x > var.limit && event.y == local.words && event.z < local.twice
}

sink "upsert" "out" {
  from  = transform.f
  url   = env("URL")
  token = var.token
}

output "lines" { value = local.twice }
`
	p := build(t, src, dsl.Options{CheckOnly: true})
	if string(p.Outputs[0].Value) != "null" {
		t.Errorf("a value that is not known is shown as %s", p.Outputs[0].Value)
	}
	// What is known is still checked.
	if s := refuse(t, strings.Replace(src, "lines    = var.lines", "lines    = 0", 1), dsl.Options{CheckOnly: true}); !strings.Contains(s, "must be at least 1") {
		t.Error(s)
	}
	if s := refuse(t, strings.Replace(src, "= var.paths", "= var.limit", 1), dsl.Options{CheckOnly: true}); !strings.Contains(s, "path") {
		t.Error(s)
	}
	refuse(t, src, dsl.Options{})
}

func TestOutsideFunctions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "main.hcl", ends+`
output "env" { value = env("PRESENT") }
output "default" { value = env("ABSENT", "else") }
output "file" { value = file("note.txt") }

sink "upsert" "db" {
  from  = source.in
  url   = "db://x"
  token = secret("file:token.txt")
}
`)
	write(t, dir, "note.txt", "noted")
	write(t, dir, "token.txt", "s3cret\n")
	m, diags := dsl.Parse(dir)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p, diags := m.Build(registry(t), dsl.Options{LookupEnv: present})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for i, want := range []string{`"hunter2"`, `"else"`, `"noted"`} {
		if got := string(p.Outputs[i].Value); got != want {
			t.Errorf("%s is %s, want %s", p.Outputs[i].Name, got, want)
		}
	}
	if got := p.Graph.Stage("sink.db").Config.Secret("token").Reveal(); got != "s3cret" {
		t.Errorf("the secret is %q", got)
	}
	p, diags = m.Build(registry(t), dsl.Options{LookupEnv: present, StubSecrets: true})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if got := p.Graph.Stage("sink.db").Config.Secret("token").Reveal(); got == "s3cret" {
		t.Error("a stub holds the real secret")
	}
}

// TestSecretsStaySecret puts a secret wherever it does not belong and looks
// for it in what is said about that.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	const head = `
variable "token" {
  type      = string
  sensitive = true
}
locals { alias = [var.token] }
`
	for _, misuse := range []string{
		`output "x" { value = var.token }`,
		`output "x" { value = "a${var.token}b" }`,
		`output "x" { value = local.alias }`,
		`output "x" { value = upper(var.token) }`,
		`output "x" { value = var.token + 1 }`,
		`output "x" { value = var.token == "a" ? 1 : 2 }`,
		`output "x" { value = [for s in local.alias : s.x] }`,
		`setting "x" {
			type = string
			default = var.token
		}`,
		`sink "upsert" "db" {
			from = source.in
			url  = var.token
		}`,
		`sink "upsert" "db" {
			from = source.in
			url  = "db://${secret("env:PRESENT")}"
		}`,
		`transform "map" "m" {
			from = source.in
			emit = { x = local.alias[0] }
		}`,
	} {
		s := refuse(t, head+ends+misuse, dsl.Options{Vars: map[string]string{"token": "hunter2"}, LookupEnv: present})
		if strings.Contains(s, "hunter2") {
			t.Errorf("%s\nshows the secret:\n%s", misuse, s)
		}
	}
	s := refuse(t, head+ends, dsl.Options{Vars: map[string]string{"token": "hunter2", "x": "y"}})
	if strings.Contains(s, "hunter2") {
		t.Error(s)
	}
	p := build(t, head+ends+`
sink "upsert" "db" {
  from  = source.in
  url   = "db://x"
  token = var.token
}
`, dsl.Options{Vars: map[string]string{"token": "hunter2"}})
	stage := p.Graph.Stage("sink.db")
	if stage.Config.Secret("token").Reveal() != "hunter2" || strings.Contains(stage.Fingerprint(), "hunter2") {
		t.Error("the secret did not arrive, or shows")
	}
}

// TestCheckOnlyTypes gives attributes of every type a variable of every type,
// without values: only what can fit is accepted.
func TestCheckOnlyTypes(t *testing.T) {
	t.Parallel()
	fits := map[string][]string{
		"path":  {"string", "list(string)"},
		"mode":  {"string"},
		"lines": {"int"},
		"share": {"int", "float"},
		"quiet": {"bool"},
		"poll":  {"string", "duration"},
		"max":   {"string", "int"},
		"names": {"map(string)", "record({ a = string })"},
		"token": {"string"},
	}
	types := []string{"bool", "int", "float", "string", "bytes", "time", "duration", "list(string)", "list(int)", "map(string)", "map(int)", "record({ a = string })"}
	for attr, good := range fits {
		for _, typ := range types {
			src := "variable \"x\" { type = " + typ + " }\nsource \"feed\" \"in\" {\n  " + attr + " = var.x\n}\nsink \"print\" \"out\" { from = source.in }\n"
			m, diags := dsl.ParseSources("test", map[string][]byte{"main.hcl": []byte(src)})
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			_, diags = m.Build(registry(t), dsl.Options{CheckOnly: true})
			if want := slices.Contains(good, typ); want == diags.HasErrors() {
				t.Errorf("%s = var.x with x %s: %v", attr, typ, diags)
			}
		}
	}
}

// TestCheckOnlyExpressions compiles event expressions over values of every
// type that are not known.
func TestCheckOnlyExpressions(t *testing.T) {
	t.Parallel()
	for typ, where := range map[string]string{
		"bool":                  "var.x",
		"int":                   "event.n > var.x && event.n < local.l",
		"float":                 "float(event.n) > var.x",
		"string":                "upper(var.x) == \"A\"",
		"time":                  "event.at > var.x",
		"duration":              "event.at - event.at > var.x",
		"bytes":                 "var.x == var.x",
		"list(int)":             "contains(var.x, event.n)",
		"map(int)":              "event.n > default(var.x[\"a\"], 1)",
		"record({ a = int })":   "event.n > var.x.a",
		"list(map(list(bool)))": "length(var.x) > event.n",
	} {
		local := "1"
		if typ == "int" {
			local = "var.x * 2 + 1"
		}
		build(t, "variable \"x\" { type = "+typ+" }\nlocals { l = "+local+" }\n"+ends+`
transform "filter" "f" {
  from  = source.in
  where = `+where+`
}

sink "print" "filtered" { from = transform.f }
`, dsl.Options{CheckOnly: true})
	}
	// What cannot be computed from a sample is not held against the pipeline.
	build(t, ends+`
transform "filter" "f" {
  from  = source.in
  where = event.n > parse_int(env("LIMIT"))
}

sink "print" "filtered" { from = transform.f }
`, dsl.Options{CheckOnly: true})
}
