package dsl_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/onstream/onstream/dsl"
)

// told returns all that is said about a pipeline, to people and to programs.
func told(t *testing.T, files map[string]string, o dsl.Options) string {
	t.Helper()
	dir := t.TempDir()
	for name, src := range files {
		write(t, dir, name, src)
	}
	m, diags := dsl.Parse(dir)
	if !diags.HasErrors() {
		_, diags = m.Build(registry(t), o)
	}
	if !diags.HasErrors() {
		t.Fatalf("%v was not refused", files)
	}
	var s strings.Builder
	if err := dsl.WriteDiagnostics(&s, m.Files(), diags, 0, true); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(dsl.DiagnosticsOf(m.Files(), diags))
	if err != nil {
		t.Fatal(err)
	}
	return s.String() + string(text)
}

// TestNoSecretIsShown has mistakes in the values of sensitive variables.
func TestNoSecretIsShown(t *testing.T) {
	t.Parallel()
	const pw = "variable \"pw\" {\n  type = string\n  sensitive = true\n}\n" + ends
	for name, files := range map[string]map[string]string{
		"vars":           {"main.hcl": pw, "a.auto.vars.hcl": `pw = ["SEKRET6"]`},
		"vars, syntax":   {"main.hcl": pw, "a.auto.vars.hcl": `pw = 12SEKRET6 [`},
		"vars, name":     {"main.hcl": pw, "a.auto.vars.hcl": `px = "SEKRET6"`},
		"vars, json":     {"main.hcl": pw, "a.auto.vars.hcl.json": `{"pw": ["SEKRET6"]}`},
		"environment":    {"main.hcl": pw, "prod.vars.hcl": "pw = \"SEKRET6\" + 1"},
		"default":        {"main.hcl": strings.Replace(pw, "}", "  default = [\n    \"SEKRET6\",\n  ]\n}", 1)},
		"syntax":         {"main.hcl": strings.Replace(pw, "}", "  default = 12SEKRET6 [\n}", 1)},
		"syntax, before": {"main.hcl": strings.Replace(pw, "  sens", "  default = 12SEKRET6 [\n  sens", 1)},
		"syntax, quote":  {"main.hcl": strings.Replace(pw, "  sens", "  default = \"SEKRET6\n  sens", 1)},
		"json, syntax":   {"main.hcl.json": `{"variable": {"pw": {"sensitive": true, "default": "SEKRET6" 1}}}`},
		"computed":       {"main.hcl": strings.Replace(pw, "}", "  default = upper(\"SEKRET6\", 1)\n}", 1)},
		"other type":     {"main.hcl": strings.Replace(strings.Replace(pw, "}", "  default = \"SEKRET6\"\n}", 1), "string", "time", 1)},
		"json":           {"main.hcl.json": `{"variable": {"pw": {"type": "string", "sensitive": true, "default": ["SEKRET6"]}}, "locals": {"a": "${nope.x}"}}`},
		"other error":    {"main.hcl.json": `{"variable": {"pw": {"type": "string", "sensitive": true, "default": "SEKRET6"}}, "locals": {"a": "${nope.x}"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if s := told(t, files, dsl.Options{Env: map[string]string{"environment": "prod"}[name]}); strings.Contains(s, "SEKRET6") {
				t.Error(s)
			}
		})
	}
}

// TestDefaultsAreShown of variables that are not sensitive.
func TestDefaultsAreShown(t *testing.T) {
	t.Parallel()
	s := told(t, map[string]string{"main.hcl": "variable \"x\" {\n  type = string\n  sensitive = false\n  default = [\"shown\"]\n}\n" + ends}, dsl.Options{})
	if !strings.Contains(s, `"shown"`) {
		t.Error(s)
	}
}

// TestComputingWithSecrets names the secret and says what is wrong.
func TestComputingWithSecrets(t *testing.T) {
	t.Parallel()
	for src, name := range map[string]string{
		`upper(var.pw)`:              "var.pw",
		`"x${var.pw}"`:               "var.pw",
		`var.pw + 1`:                 "var.pw",
		`!var.pw`:                    "var.pw",
		`var.pw ? 1 : 2`:             "var.pw",
		`min(1, local.alias)`:        "local.alias",
		`join(",", [local.list[0]])`: "local.list",
		`env(var.pw)`:                "var.pw",
		`upper(secret("env:X"))`:     "secret(...)",
	} {
		for _, o := range []dsl.Options{{}, {CheckOnly: true}} {
			o.LookupEnv = func(string) (string, bool) { return "SEKRET6", true }
			s := refuse(t, "variable \"pw\" {\n  type = string\n  sensitive = true\n}\nlocals {\n  alias = var.pw\n  list = [var.pw]\n  x = "+src+"\n}\n"+ends, o)
			if !strings.Contains(s, name) || !strings.Contains(s, "only attributes that are made for secrets take it") || strings.Contains(s, "SEKRET6") {
				t.Errorf("%s: %s", src, s)
			}
		}
	}
	// What goes wrong beside a secret is told as it is.
	if s := refuse(t, ends+"locals { x = { a = secret(\"env:X\"), b = 1 + \"x\" } }\n", dsl.Options{CheckOnly: true}); strings.Contains(s, "made for secrets") {
		t.Error(s)
	}
}
