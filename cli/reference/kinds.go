package reference

import (
	"fmt"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// section is what LANGUAGE.md says about the kinds of a role.
func section(kinds []Kind, role Role) string {
	var b strings.Builder
	for _, k := range kinds {
		if k.Role == role {
			writeKind(&b, k)
		}
	}
	return b.String()
}

func writeKind(b *strings.Builder, k Kind) {
	fmt.Fprintf(b, "### `%s`\n\n%s\n\n", k.Usage, k.Doc)
	if k.Role == Format {
		writeAttributes(b, k.Attributes)
		writeExample(b, k.Example)
		return
	}
	writeExample(b, k.Example)
	writeAttributes(b, k.Attributes)
	writeBlocks(b, "", k.Blocks)
	writeFormat(b, k)
	writeTraits(b, k)
	writeNames(b, k.Names)
}

func writeExample(b *strings.Builder, hcl string) {
	if hcl != "" {
		fmt.Fprintf(b, "```hcl\n%s\n```\n\n", hcl)
	}
}

// blockOf is what LANGUAGE.md says about a block that is of no kind.
func blockOf(s plugins.Schema) string {
	var b strings.Builder
	b.WriteString("\n")
	writeAttributes(&b, attributes(s))
	writeBlocks(&b, "", blocks(s.Blocks))
	return b.String()
}

// writeFormat tells that a stage has payload, and what it takes besides format.
func writeFormat(b *strings.Builder, k Kind) {
	others := " and `schema`"
	if k.Role == Sink {
		others = ""
	}
	switch {
	case !k.Payload:
	case k.DefaultFormat == "":
		fmt.Fprintf(b, "Takes `format` (required)%s.\n\n", others)
	default:
		fmt.Fprintf(b, "Takes `format` (`%q` unless given)%s.\n\n", k.DefaultFormat, others)
	}
}

// writeTraits tells what the kind takes and does beyond its attributes.
func writeTraits(b *strings.Builder, k Kind) {
	var traits []string
	if len(k.Inputs) > 0 {
		traits = append(traits, "Has the inputs `"+strings.Join(k.Inputs, "` and `")+"`: `"+k.From()+"`, and `key` likewise, or one expression for all.")
	} else if k.Keyed {
		traits = append(traits, "Takes `key`.")
	}
	if k.Lookup {
		traits = append(traits, "Takes a block `lookup \"KIND\"`, see [look-ups](#look-ups).")
	}
	if k.State {
		traits = append(traits, "Keeps [state](#state).")
	}
	if len(traits) > 0 {
		b.WriteString(strings.Join(traits, " ") + "\n\n")
	}
}

// From is how a stage with several inputs names them.
func (k Kind) From() string {
	inputs := make([]string, len(k.Inputs))
	for i, p := range k.Inputs {
		inputs[i] = p + " = ..."
	}
	return "from = { " + strings.Join(inputs, ", ") + " }"
}

func writeNames(b *strings.Builder, all []Names) {
	for _, of := range all {
		fmt.Fprintf(b, "Names in `%s`:\n\n", of.Attribute)
		for _, n := range of.Names {
			fmt.Fprintf(b, "- `%s`: %s\n", strings.Join(n.Names, "`, `"), n.Doc)
		}
		b.WriteString("\n")
	}
}

func writeBlocks(b *strings.Builder, within string, blocks []Block) {
	for _, x := range blocks {
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
		heading := within + x.Usage
		fmt.Fprintf(b, "Block `%s`%s: %s\n\n", heading, note, x.Doc)
		writeAttributes(b, x.Attributes)
		writeBlocks(b, heading+" › ", x.Blocks)
	}
}

func writeAttributes(b *strings.Builder, attributes []Attribute) {
	if len(attributes) == 0 {
		return
	}
	b.WriteString("| attribute | type | default | |\n|---|---|---|---|\n")
	for _, a := range attributes {
		typ, standard := a.Type, ""
		if len(a.Allowed) > 0 {
			typ = "`" + strings.Join(a.Allowed, "`, `") + "`"
		}
		switch {
		case a.Required:
			standard = "required"
		case a.Default != "":
			standard = "`" + a.Default + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", a.Name, typ, standard, cell(a.Doc))
	}
	b.WriteString("\n")
}

// cell makes text fit into a table.
func cell(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\n", " "), "|", "\\|")
}
