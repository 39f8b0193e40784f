package trial

import (
	"slices"

	"github.com/onstream/onstream/plugins"
)

// Match returns the records for which where is true. Those for which it has
// no value do not match, nor do those that are no record of their format.
func Match(records []Record, where plugins.Expr, r *plugins.Registry, schema plugins.Type, env plugins.Env) ([]Record, error) {
	records = slices.DeleteFunc(slices.Clone(records), func(r Record) bool { return r.JSON == nil })
	rows := make([]Row, len(records))
	for i, rec := range records {
		rows[i].Text = rec.JSON
	}
	b, err := decoded(r, rows, where.Reads(), schema)
	if err != nil {
		return nil, err
	}
	result := where.Evaluator(env).Eval(b)
	var matching []Record
	for _, i := range b.Sel {
		if !result.IsNull(i) && result.Bools[i] {
			matching = append(matching, records[i])
		}
	}
	return matching, nil
}
