package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/onstream/onstream/cli/reference"
)

// writeKindList writes a line for each kind, by role.
func writeKindList(out io.Writer, kinds []reference.Kind) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i, k := range kinds {
		if i == 0 || kinds[i-1].Role != k.Role {
			if i > 0 {
				fmt.Fprintln(w)
			}
			fmt.Fprintln(w, k.Role)
		}
		fmt.Fprintf(w, "  %s\t%s\n", k.Name, firstSentence(k.Doc))
	}
	if err := w.Flush(); err != nil {
		return failed(fmt.Errorf("write output: %w", err))
	}
	return nil
}

// firstSentence is what fits into one line.
func firstSentence(s string) string {
	s, _, _ = strings.Cut(s, "\n\n")
	first, _, more := strings.Cut(oneLine(s), ". ")
	if more {
		first += "."
	}
	return first
}

// writeKinds tells all about some kinds, for a terminal of so many columns; 0
// stands for what is usual.
func writeKinds(out io.Writer, columns uint, kinds []reference.Kind) error {
	t := kindText{columns: int(columns)}
	if columns == 0 || columns > 100 {
		t.columns = 100
	}
	for i, k := range kinds {
		if i > 0 {
			t.text.WriteString("\n\n")
		}
		t.kind(k)
	}
	if _, err := io.WriteString(out, t.text.String()); err != nil {
		return failed(fmt.Errorf("write output: %w", err))
	}
	return nil
}

// kindText is a description of kinds for people at a terminal.
type kindText struct {
	columns int
	text    strings.Builder
}

func (t *kindText) kind(k reference.Kind) {
	t.line("", k.Usage)
	t.prose("  ", k.Doc)
	for _, note := range notes(k) {
		t.prose("  ", note)
	}
	if len(k.Attributes) > 0 {
		t.line("", "\nattributes")
	}
	t.attributes("  ", k.Attributes)
	for _, b := range k.Blocks {
		t.text.WriteString("\n")
		t.block("", b)
	}
	for _, of := range k.Names {
		t.line("", "\nnames in "+of.Attribute)
		for _, n := range of.Names {
			t.line("  ", strings.Join(n.Names, ", "))
			t.prose("      ", n.Doc)
		}
	}
	if k.Example != "" {
		t.line("", "\nexample")
		for line := range strings.Lines(k.Example) {
			t.line("  ", strings.TrimRight(line, "\n"))
		}
	}
}

// notes say what the kind takes and does beyond its attributes.
func notes(k reference.Kind) []string {
	var notes []string
	if k.State {
		notes = append(notes, "Keeps state, which run --state DIR stores.")
	}
	if len(k.Inputs) > 0 {
		notes = append(notes, "Has several inputs: "+k.From()+", and key likewise, or one key for all.")
	}
	if len(k.Common) > 0 {
		common := strings.Join(k.Common, ", ")
		if k.DefaultFormat != "" {
			common = strings.Replace(common, "format", fmt.Sprintf("format (%q unless given)", k.DefaultFormat), 1)
		} else if k.Payload {
			common = strings.Replace(common, "format", "format (required)", 1)
		}
		notes = append(notes, "Takes besides: "+common+".")
	}
	return notes
}

func (t *kindText) block(indent string, b reference.Block) {
	heading := "block " + b.Usage
	if b.Required {
		heading += ", required"
	}
	if b.Repeated {
		heading += ", may be repeated"
	}
	t.line(indent, heading)
	t.prose(indent+"    ", b.Doc)
	t.attributes(indent+"  ", b.Attributes)
	for _, x := range b.Blocks {
		t.block(indent+"  ", x)
	}
}

func (t *kindText) attributes(indent string, all []reference.Attribute) {
	for _, a := range all {
		what := a.Type
		if len(a.Allowed) > 0 {
			what = "one of " + strings.Join(a.Allowed, ", ")
		}
		switch {
		case a.Required:
			what += ", required"
		case a.Default != "":
			what += ", default " + a.Default
		}
		t.line(indent, a.Name+"  "+what)
		t.prose(indent+"    ", a.Doc)
	}
}

func (t *kindText) line(indent, s string) { t.text.WriteString(indent + s + "\n") }

// prose writes paragraphs in lines that are no longer than there are columns.
func (t *kindText) prose(indent, s string) {
	for i, paragraph := range strings.Split(s, "\n\n") {
		if i > 0 {
			t.text.WriteString("\n")
		}
		if strings.HasPrefix(paragraph, "|") {
			t.table(indent, paragraph)
		} else {
			t.paragraph(indent, paragraph)
		}
	}
}

// table writes the rows of a table in Markdown, below its heading.
func (t *kindText) table(indent, s string) {
	for row := range strings.Lines(s) {
		if strings.Trim(row, "|-: \n") == "" {
			continue
		}
		cells := strings.Split(strings.Trim(row, "| \n"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		t.paragraph(indent+"  ", strings.Join(cells, ": "))
	}
}

func (t *kindText) paragraph(indent, s string) {
	line := indent
	for _, word := range strings.Fields(s) {
		switch {
		case line == indent:
			line += word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > t.columns:
			t.line("", line)
			line = indent + word
		default:
			line += " " + word
		}
	}
	if line != indent {
		t.line("", line)
	}
}
