package plugintest

import (
	"fmt"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// Inspect returns what is wrong with a batch that a plugin has made, "" for nothing:
// rows that are not there, spans that point outside of its bytes, slices
// that do not have one element for each row.
func Inspect(b *plugins.Batch) string {
	var wrong []string
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for k, i := range b.Sel {
		if int(i) >= b.Len {
			complain("Sel has row %d of %d rows", i, b.Len)
		}
		if k > 0 && i <= b.Sel[k-1] {
			complain("Sel is not ascending: %d follows %d", i, b.Sel[k-1])
		}
	}
	spans := func(name string, spans []plugins.Span) {
		if spans == nil {
			return
		}
		if len(spans) != b.Len {
			complain("%s has %d elements for %d rows", name, len(spans), b.Len)
			return
		}
		for _, i := range b.Sel {
			if int(i) < b.Len && !inside(spans[i], len(b.Data)) {
				complain("%s of row %d is outside of Data", name, i)
			}
		}
	}
	spans("Values", b.Values)
	spans("Keys", b.Keys)
	spans("Topics", b.Topics)
	numbers := func(name string, ns []int64) {
		if ns != nil && len(ns) != b.Len {
			complain("%s has %d elements for %d rows", name, len(ns), b.Len)
		}
	}
	numbers("Times", b.Times)
	numbers("Offsets", b.Offsets)
	if b.HeaderRows != nil && len(b.HeaderRows) != b.Len {
		complain("HeaderRows has %d elements for %d rows", len(b.HeaderRows), b.Len)
	} else if b.HeaderRows != nil {
		inspectHeaders(b, complain)
	}
	for _, f := range b.Failures {
		if problem := inspectFailure(f, b.Len); problem != "" {
			complain("%s", problem)
		}
	}
	return strings.Join(wrong, "; ")
}

func inspectHeaders(b *plugins.Batch, complain func(string, ...any)) {
	for _, i := range b.Sel {
		if int(i) >= b.Len || !inside(b.HeaderRows[i], len(b.Headers)) {
			complain("HeaderRows of row %d is outside of Headers", i)
			continue
		}
		for _, h := range b.HeadersOf(i) {
			if !inside(h.Name, len(b.Data)) || !inside(h.Value, len(b.Data)) {
				complain("a header of row %d is outside of Data", i)
			}
		}
	}
}

func inside(s plugins.Span, n int) bool { return uint64(s.Off)+uint64(s.Len) <= uint64(n) }

// inspectFailure returns what is wrong with a failure, "" for nothing.
func inspectFailure(f plugins.Failure, rows int) string {
	switch {
	case int(f.Row) >= rows:
		return fmt.Sprintf("row %d failed, of %d rows", f.Row, rows)
	case f.Code == "" || strings.ContainsAny(f.Code, " \n") || len(f.Code) > 40:
		return fmt.Sprintf("row %d failed with the code %q, which is to be one short word", f.Row, f.Code)
	case f.Msg == "":
		return fmt.Sprintf("row %d failed, and nobody is told why", f.Row)
	}
	return ""
}
