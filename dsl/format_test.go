package dsl_test

import (
	"testing"

	"github.com/onstream/onstream/dsl"
)

func TestFormat(t *testing.T) {
	t.Parallel()
	got, diags := dsl.Format([]byte("source \"tick\"   \"in\" {\n# why\nevery=\"1s\" # how often\n    on_error  =  \"drop\"\n}\n"), "main.hcl")
	want := "source \"tick\" \"in\" {\n  # why\n  every    = \"1s\" # how often\n  on_error = \"drop\"\n}\n"
	if diags.HasErrors() || string(got) != want {
		t.Errorf("got\n%s%v", got, diags)
	}
}

func TestFormatRefuses(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{"main.hcl": "source {", "deep.hcl": "a = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "main.hcl.json": "{}"} {
		if out, diags := dsl.Format([]byte(src), name); !diags.HasErrors() || out != nil {
			t.Errorf("%s was formatted to %q", name, out)
		}
	}
}
