package golden

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/onstream/onstream/wasm/host"
	"github.com/onstream/onstream/wasm/manifest"
)

// fits finds what a module needs and the file does not have, in terms of the file, and steps that are of no use to it.
func (f *File) fits(d *host.Description) error {
	remedy := "write"
	if f.generated {
		remedy = "name a file of golden rows with"
	}
	if what, entry := f.lacks(d); what != "" {
		return fmt.Errorf("%s: %s %s", what, remedy, entry)
	}
	if what, entry := lacksParameter(d, f.config); what != "" {
		return fmt.Errorf("%s: %s %s", what, remedy, entry)
	}
	for i := range f.steps {
		s := &f.steps[i]
		what, entry := "", ""
		switch columns := d.Manifest.Mode == manifest.Columns; {
		case columns && s.records != nil:
			what, entry = "the module takes columns", "columns"
		case !columns && s.columns != nil:
			what, entry = "the module takes records", "records"
		case s.config != nil:
			what, entry = lacksParameter(d, s.config)
		}
		if what != "" {
			return fmt.Errorf("step %d%s: %s: write %s", s.number, s.about(), what, entry)
		}
	}
	return nil
}

// lacks says what the file does not have that the stage of a module has to say, and how it is written; "" for nothing.
func (f *File) lacks(d *host.Description) (what, entry string) {
	for _, want := range d.Manifest.Grants {
		if !slices.ContainsFunc(f.grants, func(g string) bool { return strings.EqualFold(g, want) }) {
			list, _ := json.Marshal(d.Manifest.Grants) //nolint:errchkjson // texts can be written
			return "the module wants " + want, `"grant": ` + string(list)
		}
	}
	switch {
	case d.HTTP && len(f.grants) == 0:
		return "the module makes HTTP requests", `"grant": ["http:HOST"]`
	case len(d.Functions) > 1 && f.function == "":
		return "the module has several functions, " + strings.Join(d.Functions, ", "), fmt.Sprintf(`"function": %q, or the one that is meant`, d.Functions[0])
	}
	return "", ""
}

// lacksParameter says which value a configuration does not have, and how it is written; "" for none.
func lacksParameter(d *host.Description, config map[string]json.RawMessage) (what, entry string) {
	for _, p := range d.Manifest.Parameters {
		if config[p.Name] == nil && p.Default == nil {
			return fmt.Sprintf("%s (%s) has no default", p.Name, p.Type), fmt.Sprintf(`"config": {%q: ...}`, p.Name)
		}
	}
	return "", ""
}
