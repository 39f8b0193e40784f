package aggregate

import (
	"fmt"
	"slices"

	"github.com/onstream/onstream/plugins"
)

// Calls are the calls of aggregate functions of a stage. They are used by one
// goroutine at a time.
type Calls struct {
	calls        []call
	words, boxes int
}

type call struct {
	accumulator
	name    string
	where   string // it stands
	arg     plugins.Evaluator
	col     *plugins.Column // with the values of the argument, nil where there is none
	at, end int             // of its words, or its box
}

// NewCalls returns calls with nothing added yet.
func NewCalls(cs []plugins.AggregateCall, env plugins.Env) (*Calls, error) {
	all := &Calls{calls: make([]call, len(cs))}
	for k, c := range cs {
		f, ok := Find(c.Func)
		if !ok {
			return nil, fmt.Errorf("there is no aggregate function %q", c.Func)
		}
		params, err := f.constants(c.Params)
		if err != nil {
			return nil, err
		}
		args := make([]plugins.Type, len(c.Args))
		for j, x := range c.Args {
			args[j] = x.Type()
		}
		a := call{accumulator: f.begin(args, params), name: f.Name, where: c.Range}
		if len(args) > 0 {
			a.arg = c.Args[0].Evaluator(env)
		}
		if a.fixed != nil {
			a.at, a.end = all.words, all.words+a.fixed.words()
			all.words = a.end
		} else {
			a.at = all.boxes
			all.boxes++
		}
		all.calls[k] = a
	}
	return all, nil
}

// Eval computes the arguments for the selected rows of a batch. Rows for which
// one has no value, or one of a type that the function does not take, are
// failed and dropped from b.Sel.
func (c *Calls) Eval(b *plugins.Batch) {
	for k := range c.calls {
		call := &c.calls[k]
		if call.arg == nil {
			continue
		}
		call.col = call.arg.Eval(b)
		if call.col.Kind == plugins.Any && call.accepts != nil {
			call.check(b)
		}
	}
}

// check fails the rows whose value the call does not take.
func (c *call) check(b *plugins.Batch) {
	for _, i := range b.Sel {
		if k := c.col.Kinds[i]; k != plugins.Null && !slices.Contains(c.accepts, k) {
			b.Fail(i, plugins.Failure{Code: "type", Expr: c.where, Msg: fmt.Sprintf("agg::%s cannot take a value of type %s", c.name, k)})
		}
	}
	b.DropFailed()
}
