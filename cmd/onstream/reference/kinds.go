package reference

import (
	"fmt"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
)

func sources(r *plugins.Registry) string {
	var b strings.Builder
	for _, name := range r.Sources() {
		k, _ := r.Source(name)
		writeKind(&b, "source", name, k.Schema)
		writeFormat(&b, k.Payload, k.DefaultFormat, " and `schema`")
	}
	return b.String()
}

func transforms(r *plugins.Registry) string {
	var b strings.Builder
	for _, name := range r.Transforms() {
		k, _ := r.Transform(name)
		writeKind(&b, "transform", name, k.Schema)
		writeFormat(&b, k.Payload, k.DefaultFormat, " and `schema`")
		writeTraits(&b, k)
		writeLocals(&b, k)
	}
	return b.String()
}

// writeLocals lists the names that a kind gives to some of its attributes.
func writeLocals(b *strings.Builder, k plugins.TransformKind) {
	if k.Locals == nil {
		return
	}
	in := make([]plugins.Shape, max(1, len(k.Ports)))
	for _, a := range k.Schema.Attrs {
		if !a.Type.PerRecord() {
			continue
		}
		locals, _ := k.Locals(a.Name, in, plugins.NewConfig(nil))
		for i, l := range locals {
			if i == 0 {
				fmt.Fprintf(b, "Names in `%s`:\n\n", a.Name)
			}
			fmt.Fprintf(b, "- %s: %s\n", localName(l), l.Doc)
			if i == len(locals)-1 {
				b.WriteString("\n")
			}
		}
	}
}

// localName writes a name with the fields that it always has.
func localName(l plugins.Local) string {
	if len(l.Type.Fields) == 0 {
		return code(l.Root)
	}
	names := make([]string, len(l.Type.Fields))
	for i, f := range l.Type.Fields {
		names[i] = code(l.Root + "." + f.Name)
	}
	return strings.Join(names, ", ")
}

// writeTraits tells what the kind takes and does beyond its schema.
func writeTraits(b *strings.Builder, k plugins.TransformKind) {
	var traits []string
	if len(k.Ports) > 0 {
		inputs := make([]string, len(k.Ports))
		for i, p := range k.Ports {
			inputs[i] = p + " = ..."
		}
		form := "{ " + strings.Join(inputs, ", ") + " }"
		traits = append(traits, "Has the inputs "+quoted(k.Ports)+": `from = "+form+"`, and `key` likewise, or one expression for all.")
	} else if k.Keyed {
		traits = append(traits, "Takes `key`.")
	}
	if k.Lookup {
		traits = append(traits, "Takes a block `lookup \"KIND\"`, see [look-ups](#look-ups).")
	}
	if k.State != nil {
		traits = append(traits, "Keeps [state](#state).")
	}
	if len(traits) > 0 {
		b.WriteString(strings.Join(traits, " ") + "\n\n")
	}
}

func quoted(names []string) string { return "`" + strings.Join(names, "` and `") + "`" }

func lookups(r *plugins.Registry) string {
	var b strings.Builder
	for _, name := range r.Lookups() {
		k, _ := r.Lookup(name)
		writeKind(&b, "lookup", name, k.Schema)
	}
	return b.String()
}

func sinks(r *plugins.Registry) string {
	var b strings.Builder
	for _, name := range r.Sinks() {
		k, _ := r.Sink(name)
		writeKind(&b, "sink", name, k.Schema)
		writeFormat(&b, k.Payload, k.DefaultFormat, "")
	}
	return b.String()
}

func formats(r *plugins.Registry) string {
	var b strings.Builder
	for _, name := range r.Codecs() {
		c, _ := r.Codec(name)
		doc := c.Doc
		if doc == "" {
			doc = c.Schema.Doc
		}
		fmt.Fprintf(&b, "### `format = %q`\n\n%s\n\n", name, doc)
		writeAttrs(&b, c.Schema)
		writeExample(&b, c.Schema.Example)
	}
	return b.String()
}

func writeKind(b *strings.Builder, role, name string, s plugins.Schema) {
	fmt.Fprintf(b, "### `%s %q`\n\n%s\n\n", role, name, s.Doc)
	writeExample(b, s.Example)
	writeAttrs(b, s)
	writeBlocks(b, "", s.Blocks)
}

func writeExample(b *strings.Builder, hcl string) {
	if hcl != "" {
		fmt.Fprintf(b, "```hcl\n%s\n```\n\n", strings.TrimSpace(hcl))
	}
}

// writeFormat tells that a stage has payload, and what it takes besides format.
func writeFormat(b *strings.Builder, payload bool, format, others string) {
	switch {
	case !payload:
	case format == "":
		fmt.Fprintf(b, "Takes `format` (required)%s.\n\n", others)
	default:
		fmt.Fprintf(b, "Takes `format` (`%q` unless given)%s.\n\n", format, others)
	}
}

func writeBlocks(b *strings.Builder, within string, blocks []plugins.Block) {
	for _, x := range blocks {
		heading := within + x.Name
		if x.Label != "" {
			heading += fmt.Sprintf(" %q", strings.ToUpper(x.Label))
		}
		var notes []string
		if x.Required {
			notes = append(notes, "required")
		}
		if x.Repeated {
			notes = append(notes, "may be repeated")
		}
		note := ""
		if notes != nil {
			note = " (" + strings.Join(notes, ", ") + ")"
		}
		fmt.Fprintf(b, "Block `%s`%s: %s\n\n", heading, note, x.Doc)
		writeAttrs(b, x.Schema)
		writeBlocks(b, heading+" › ", x.Schema.Blocks)
	}
}

func writeAttrs(b *strings.Builder, s plugins.Schema) {
	if len(s.Attrs) == 0 {
		return
	}
	b.WriteString("| attribute | type | default | |\n|---|---|---|---|\n")
	for _, a := range s.Attrs {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", a.Name, typeOf(a), defaultOf(a), cell(a.Doc+bounds(a)))
	}
	b.WriteString("\n")
}

func typeOf(a plugins.Attr) string {
	switch {
	case len(a.Enum) > 0:
		return "`" + strings.Join(a.Enum, "`, `") + "`"
	case (a.Type == plugins.AttrExpr || a.Type == plugins.AttrPortExprs) && a.Want.Kind != plugins.Any:
		return a.Want.String() + " " + a.Type.String()
	default:
		return a.Type.String()
	}
}

func defaultOf(a plugins.Attr) string {
	switch {
	case a.Required:
		return "required"
	case a.Default == nil:
		return ""
	}
	switch v := a.Default.(type) {
	case string:
		if v == "" {
			return ""
		}
		return fmt.Sprintf("`%q`", v)
	case int64:
		if a.Type == plugins.AttrSize {
			return "`\"" + size(v) + "\"`"
		}
		return fmt.Sprintf("`%d`", v)
	case fmt.Stringer: // a duration
		return "`\"" + trimDuration(v.String()) + "\"`"
	default:
		return fmt.Sprintf("`%v`", v)
	}
}

// trimDuration takes away what Go writes for the sake of form: 1m0s is 1m.
func trimDuration(s string) string {
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func size(n int64) string {
	for _, u := range []struct {
		name  string
		bytes int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.bytes && n%u.bytes == 0 {
			return fmt.Sprint(n/u.bytes, u.name)
		}
	}
	return fmt.Sprint(n)
}

// bounds tells the range of a number. That it is not negative goes without
// saying.
func bounds(a plugins.Attr) string {
	least := a.Min != nil && *a.Min != 0
	switch {
	case a.Min != nil && a.Max != nil:
		return fmt.Sprintf(" From %s to %s.", bound(a, *a.Min), bound(a, *a.Max))
	case least:
		return fmt.Sprintf(" At least %s.", bound(a, *a.Min))
	case a.Max != nil:
		return fmt.Sprintf(" At most %s.", bound(a, *a.Max))
	default:
		return ""
	}
}

func bound(a plugins.Attr, v float64) string {
	switch a.Type {
	case plugins.AttrSize:
		return size(int64(v))
	case plugins.AttrDuration:
		return trimDuration(time.Duration(v * float64(time.Second)).String())
	default:
		return strings.NewReplacer("e+0", "e", "e-0", "e-", "e+", "e").Replace(fmt.Sprintf("%g", v))
	}
}

// cell makes text fit into a table.
func cell(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\n", " "), "|", "\\|")
}
