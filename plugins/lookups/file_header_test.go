package lookups_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// What the header of a file tells before it is read is the type of its records;
// where it tells nothing, any field may be there.
func TestFileHeader(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file, content string
		attrs               []any
		want                string // the type, or the error after its path
	}{
		{"names", "a.csv", "id,site\nd1,oslo\n", nil, "record({id = any, site = any})"},
		{"declared", "a.csv", "\ufeffid;v;id\r\n", []any{"delimiter", ";", "types", map[string]string{"v": "float"}}, "record({id = any, v = optional(float)})"},
		{"without rows", "a.csv", "id,\"a \"\"b\"\"\"", nil, "record({id = any, a \"b\" = any})"},
		{"a field that is not there", "a.csv", "id,limit\n", []any{"types", map[string]string{"limitt": "float"}}, "types: the header of PATH has no limitt: it has id, limit"},
		{"no id", "a.csv", "device,limit\n", nil, "id: the header of PATH has no id, by which records are looked up: it has device, limit"},
		{"json", "a.json", "[{\"id\":1}]", nil, "any"},
		{"empty", "a.csv", "", nil, "any"},
		{"no end of a quote", "a.csv", "id,\"site\nd1,oslo\n", nil, "any"},
		{"longer than a header", "a.csv", "id," + strings.Repeat("x", 70_000) + "\n", nil, "any"},
		{"more than is looked at", "a.csv", "id\n" + strings.Repeat("d1\n", 70_000), nil, "record({id = any})"},
		{"not there", "", "", nil, "any"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "missing.csv")
			if tt.file != "" {
				path = filepath.Join(filepath.Dir(path), tt.file)
				write(t, path, tt.content)
			}
			got, err := fileKind(t).Type(config(path, tt.attrs...))
			text := got.String()
			if err != nil {
				text = err.Error()
			}
			if want := strings.ReplaceAll(tt.want, "PATH", path); text != want {
				t.Errorf("%s, want %s", text, want)
			}
		})
	}
	if got, err := fileKind(t).Type(config(t.TempDir(), "format", "csv")); err != nil || got.Kind != plugins.Any {
		t.Errorf("of a folder: %v, %v", got, err)
	}
}
