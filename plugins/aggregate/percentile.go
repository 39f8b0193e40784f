package aggregate

import (
	"github.com/onstream/onstream/plugins"
)

func percentileFunction() Function {
	return Function{
		Name: "percentile", Example: `agg::percentile(event.latency_ms, 0.99)`,
		Doc: "Returns the value below which a part q of all x is, such as 0.5 for the median: exactly for up to 256 values, beyond that with an error that is small in the middle and tiny near 0 and 1.",
		Params: []Param{
			{Name: "x"},
			{Name: "q", Constant: true, Type: plugins.Of(plugins.Float), Min: 0, Max: 1},
		},
		result: func(args []plugins.Type) (plugins.Type, error) {
			return mean(args[0]), wants("percentile", args[0], plugins.Int, plugins.Float, plugins.Duration)
		},
		begin: func(_ []plugins.Type, params []plugins.Value) accumulator {
			q := params[0].Float
			return accumulator{accepts: numbers, open: func() Box { return &percentile{q: q} }}
		},
	}
}

// percentile is a digest that is asked for one quantile.
type percentile struct {
	q      float64
	digest digest
}

func (p *percentile) add(col *plugins.Column, i uint32, _ int64) {
	p.digest.add(centroid{numberAt(col, i), 1})
}

func (p *percentile) merge(from Box) { p.digest.merge(&from.(*percentile).digest) }

func (p *percentile) result(col *plugins.Column, row uint32) error {
	if p.digest.empty() {
		col.SetNull(row)
		return nil
	}
	return setNumber("percentile", p.digest.quantile(p.q), col, row)
}

func (p *percentile) append(dst []byte) []byte { return p.digest.append(dst) }

func (p *percentile) read(src []byte) error { return p.digest.read(src) }
