package dsl

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/onstream/onstream/dsl/expr"
)

// errorAt makes an error: what is wrong, in a few stable words, and in the
// detail why and what to do about it.
func errorAt(rng hcl.Range, summary, detail string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(detail, args...), Subject: &rng}
}

// errorAnywhere makes an error about something that stands in no file.
func errorAnywhere(summary, detail string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(detail, args...)}
}

// warningAt makes a warning.
func warningAt(rng hcl.Range, summary, detail string, args ...any) *hcl.Diagnostic {
	d := errorAt(rng, summary, detail, args...)
	d.Severity = hcl.DiagWarning
	return d
}

// duplicate makes the error for a name that is taken.
func duplicate(rng hcl.Range, what string, first hcl.Range) *hcl.Diagnostic {
	return errorAt(rng, "duplicate "+what, "%s was first declared at %s; give one of them another name", what, place(first))
}

// place is where a range begins, for messages.
func place(r hcl.Range) string { return fmt.Sprintf("%s:%d", r.Filename, r.Start.Line) }

// hint ends a message about an unknown name: with the name that was probably
// meant or, failing that, with all there are.
func hint(name string, known []string) string {
	if s, ok := expr.Suggest(name, known); ok {
		return fmt.Sprintf("did you mean %q?", s)
	}
	const few = 24
	switch {
	case len(known) == 0:
		return "there are none"
	case len(known) > few:
		return "there is nothing of a similar name"
	default:
		sorted := slices.Compact(slices.Sorted(slices.Values(known)))
		return "known: " + strings.Join(sorted, ", ")
	}
}

// hintAmong is hint for names that may be very many, and misspelt very often.
func hintAmong[V any](name string, known map[string]V) string {
	const many = 500
	if len(known) > many {
		return "look for it among those declared"
	}
	return hint(name, keys(known))
}

// finish makes diagnostics fit to leave the package: in the order of the
// files, each once, and without the values that were at hand where they arose,
// which may be secret.
func finish(diags hcl.Diagnostics) hcl.Diagnostics {
	type key struct{ summary, detail, place string }
	seen := map[key]bool{}
	var out hcl.Diagnostics
	for _, d := range diags {
		k := key{d.Summary, d.Detail, ""}
		if d.Subject != nil {
			k.place = d.Subject.String()
		}
		if seen[k] {
			continue
		}
		seen[k] = true
		c := *d
		c.EvalContext, c.Expression, c.Extra = nil, nil, nil
		out = append(out, &c)
	}
	slices.SortStableFunc(out, func(a, b *hcl.Diagnostic) int { return compareRanges(a.Subject, b.Subject) })
	return out
}

// compareRanges puts what has no place first.
func compareRanges(a, b *hcl.Range) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	if c := strings.Compare(a.Filename, b.Filename); c != 0 {
		return c
	}
	return a.Start.Byte - b.Start.Byte
}

// keys lists the names in a map.
func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
