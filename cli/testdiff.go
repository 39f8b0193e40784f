package cli

import (
	"bytes"
	"encoding/json"

	"github.com/onstream/onstream/cli/trial"
	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins/jsontext"
)

// diffRows compares records with the rows expected, in order. It returns nil
// where they agree, otherwise a line for each: after "-" what was expected,
// after "+" what came instead.
func diffRows(want []dsl.Row, got []trial.Record) []string {
	var diff []string
	differs := false
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(got):
			differs = true
			diff = append(diff, "- "+wanted(want[i]))
		case i >= len(want):
			differs = true
			diff = append(diff, "+ "+string(got[i].Text()))
		case agrees(want[i], got[i]):
			diff = append(diff, "  "+string(got[i].Text()))
		default:
			differs = true
			diff = append(diff, "- "+wanted(want[i]), "+ "+shown(want[i], got[i]))
		}
	}
	if !differs {
		return nil
	}
	return diff
}

func agrees(want dsl.Row, got trial.Record) bool {
	if want.Raw {
		return got.Payload != nil && string(want.Text) == got.String()
	}
	w, err := parseJSON(want.Text)
	if err != nil {
		return false
	}
	g, err := parseJSON(got.JSON)
	return err == nil && includes(g, w)
}

// wanted shows a row that was expected.
func wanted(want dsl.Row) string {
	if want.Raw {
		return string(jsontext.AppendQuotedString(nil, string(want.Text)))
	}
	return string(want.Text)
}

// shown shows what came in the place of a row: its payload, where that was asked for.
func shown(want dsl.Row, got trial.Record) string {
	if want.Raw && got.Payload != nil {
		got.JSON = nil
	}
	return string(got.Text())
}

func parseJSON(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // integers beyond 2^53 are told apart
	err = d.Decode(&v)
	return v, err
}

// includes reports whether got is what is wanted. Fields of objects that are
// not mentioned do not matter.
func includes(got, want any) bool {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		for name, value := range w {
			x, present := g[name]
			ok = ok && present && includes(x, value)
		}
		return ok
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for i := range w {
			if !includes(g[i], w[i]) {
				return false
			}
		}
		return true
	case json.Number:
		g, ok := got.(json.Number)
		return ok && sameNumber(g, w)
	default:
		return got == want
	}
}

func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	_, aErr := a.Int64()
	_, bErr := b.Int64()
	if aErr == nil && bErr == nil {
		return false
	}
	x, xErr := a.Float64()
	y, yErr := b.Float64()
	return xErr == nil && yErr == nil && x == y
}
