package aggregate

import "github.com/onstream/onstream/plugins"

func countFunction() Function {
	return Function{
		Name: "count", Doc: "Counts the records, or those for which x is not null.", Example: `agg::count()`,
		Params: []Param{{Name: "x", Optional: true}},
		result: integer,
		begin:  func([]plugins.Type, []plugins.Value) accumulator { return accumulator{fixed: counter{}} },
	}
}

func countIfFunction() Function {
	return Function{
		Name: "count_if", Doc: "Counts the records for which a condition is true.", Example: `agg::count_if(event.temp > 80)`,
		Params: []Param{{Name: "condition", Type: plugins.Of(plugins.Bool)}},
		result: integer,
		begin: func([]plugins.Type, []plugins.Value) accumulator {
			return accumulator{fixed: trueCounter{}, accepts: []plugins.Kind{plugins.Bool}}
		},
	}
}

func integer([]plugins.Type) (plugins.Type, error) { return plugins.Of(plugins.Int), nil }

type counter struct{}

func (counter) words() int { return 1 }

func (counter) add(w []uint64, _ *plugins.Column, _ uint32, _ int64) { w[0]++ }

func (counter) merge(w, from []uint64) { w[0] += from[0] }

func (counter) result(w []uint64, col *plugins.Column, row uint32) error {
	col.Ints[row] = int64(w[0])
	return nil
}

type trueCounter struct{ counter }

func (trueCounter) add(w []uint64, col *plugins.Column, i uint32, _ int64) {
	if col.Kind == plugins.Any && col.Ints[i] != 0 || col.Kind == plugins.Bool && col.Bools[i] {
		w[0]++
	}
}
