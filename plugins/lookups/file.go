package lookups

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
)

func fileKind() plugins.LookupKind {
	return plugins.LookupKind{
		Name: "file",
		Schema: plugins.Schema{
			Doc: "Looks up records of a CSV or JSON file by one of their fields. The file is read as a whole, and again when it has changed; a new version that is broken is logged, and the one before stays.",
			Example: `lookup "file" {
  path  = "devices.csv"
  id    = "device"
  types = { limit = "float" }
}`,
			Attrs: []plugins.Attr{
				{Name: "path", Type: plugins.AttrString, Required: true, Doc: "The file: CSV with a header row, a JSON array of objects, or one JSON object a line. Where a CSV file is there when the pipeline is validated, only the fields of its header can be read."},
				{Name: "id", Type: plugins.AttrString, Required: true, Doc: "The field that is looked up; compared as text, so that 7 finds \"7\". Of records with the same one the last counts."},
				{Name: "format", Type: plugins.AttrString, Enum: []string{"csv", "json"}, Doc: "The format, where the name of the file does not end in .csv, .json, .jsonl or .ndjson."},
				{Name: "delimiter", Type: plugins.AttrString, Default: ",", Doc: "What separates the cells of CSV: one character."},
				{Name: "types", Type: plugins.AttrStringMap, Doc: "Types of fields, by name: string, int, float, bool, time or duration. A file with something else there is broken. Other cells of CSV are strings; an empty one is null."},
				{Name: "reload", Type: plugins.AttrDuration, Default: 5 * time.Second, Min: plugins.Bound(1e-3), Doc: "How often to look whether the file has changed."},
				{Name: "max_size", Type: plugins.AttrSize, Default: int64(256 << 20), Min: plugins.Bound(1), Max: plugins.Bound(1 << 30), Doc: "How large the file may be; a larger one is not read."},
			},
		},
		Type: fileType,
		New: func(c plugins.Config, env plugins.Env) (plugins.Lookup, error) {
			p, err := newFileParser(c)
			if err != nil {
				return nil, err
			}
			return &file{path: c.String("path"), parser: p, every: c.Duration("reload"), maxSize: c.Int("max_size"), env: env}, nil
		},
	}
}

// fileType returns what is known of the records.
func fileType(c plugins.Config) (plugins.Type, error) {
	t, err := declaredType(c)
	if err != nil {
		return t, err
	}
	return withHeader(t, c)
}

// declaredType returns the fields that are declared. Each may be missing in one
// of the records.
func declaredType(c plugins.Config) (plugins.Type, error) {
	if _, err := fileFormat(c); err != nil {
		return plugins.Type{}, err
	}
	var t plugins.Type
	types := c.StringMap("types")
	for _, name := range slices.Sorted(maps.Keys(types)) {
		kind, ok := declarable(types[name])
		if !ok {
			return plugins.Type{}, plugins.ConfigErrorf("types", "%s has the type %q: it is to be string, int, float, bool, time or duration", name, types[name])
		}
		t.Fields = append(t.Fields, plugins.Field{Name: name, Type: plugins.Of(kind).OrNull()})
	}
	return t, nil
}

// declarable returns the kind of a name that types may have.
func declarable(name string) (plugins.Kind, bool) {
	for _, k := range []plugins.Kind{plugins.String, plugins.Int, plugins.Float, plugins.Bool, plugins.Time, plugins.Duration} {
		if k.String() == name {
			return k, true
		}
	}
	return 0, false
}

// fileFormat returns the format of the file.
func fileFormat(c plugins.Config) (string, error) {
	if c.Has("format") {
		return c.String("format"), nil
	}
	switch end := strings.ToLower(filepath.Ext(c.String("path"))); end {
	case ".csv":
		return "csv", nil
	case ".json", ".jsonl", ".ndjson":
		return "json", nil
	default:
		return "", plugins.ConfigErrorf("format", "the name %s does not tell the format of the file: set format to csv or json", filepath.Base(c.String("path")))
	}
}
