package remote

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
)

// manual is what the program prints where it was started by hand.
func (a *author) manual() string {
	var s strings.Builder
	d := a.about
	fmt.Fprintf(&s, "%s is a plugin of onstream: a program that onstream starts. It offers\n\n", strings.TrimSpace(d.GetName()+" "+d.GetVersion()))
	table := tabwriter.NewWriter(&s, 0, 0, 2, ' ', 0)
	for _, k := range d.GetKinds() {
		fmt.Fprintf(table, "  %s\t%s_%s\t%s\n", roleName(k.GetRole()), d.GetName(), k.GetName(), firstSentence(k.GetSchema().GetDoc()))
	}
	table.Flush()
	path, err := os.Executable()
	if err != nil {
		path = "./" + d.GetName()
	}
	fmt.Fprintf(&s, "\nTo use it, write in a pipeline\n\n  plugin %q {\n    source = %q\n  }\n", d.GetName(), path)
	if len(d.GetKinds()) > 0 {
		k := d.GetKinds()[0]
		fmt.Fprintf(&s, "\n  %s \"%s_%s\" \"NAME\" {\n    ...\n  }\n", roleName(k.GetRole()), d.GetName(), k.GetName())
	}
	fmt.Fprintf(&s, "\n`onstream plugin inspect %s` tells all about its kinds.\n", path)
	return s.String()
}

// firstSentence returns the first sentence of a text.
func firstSentence(doc string) string {
	sentence, _, _ := strings.Cut(doc, ". ")
	return strings.TrimSuffix(cmp.Or(sentence, doc), ".")
}
