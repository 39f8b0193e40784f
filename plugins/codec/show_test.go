package codec_test

import (
	"fmt"

	"github.com/onstream/onstream/plugins"
)

// show writes a value for comparison; null is "".
func show(v plugins.Value) string {
	switch v.Kind {
	case plugins.Null:
		return ""
	case plugins.Bool, plugins.Int, plugins.Time, plugins.Duration:
		return fmt.Sprint(v.Int)
	case plugins.Float:
		return fmt.Sprint(v.Float)
	}
	return v.Text
}

// rowsOf returns the alive rows of b, each with the values of the fields, or why
// it failed, by row.
func rowsOf(b *plugins.Batch, fields []plugins.Field) []string {
	rows := make([]string, b.Len)
	for _, f := range b.Failures {
		rows[f.Row] = "failed: " + f.Msg
	}
	for _, i := range b.Sel {
		for _, f := range fields {
			rows[i] += fmt.Sprintf("%s=%+v ", f.Name, b.Column(f.Name).Value(i))
		}
	}
	return rows
}
