package expr

import (
	"errors"

	"github.com/onstream/onstream/plugins"
)

// listNumberFunctions work on lists of numbers.
func listNumberFunctions() []*Function {
	const category = "lists"
	float := plugins.Of(plugins.Float)
	return []*Function{
		define("sum", category, "Returns the sum of a list of numbers, an int if all are; 0 for an empty list.",
			example(`sum([1, 2, 3.5])`, `6.5`),
			try1("list", sum).refined(func(args []plugins.Type) plugins.Type {
				if t := args[0].Element(); isNumber(t.Kind) && !t.Nullable {
					return t
				}
				return plugins.Type{}
			})).fallible(),
		define("avg", category, "Returns the mean of a list of numbers, null for an empty list.",
			example(`avg([1, 2, 6])`, `3`), try1("list", mean).returning(float.OrNull())).fallible(),
		define("median", category, "Returns the middle one of a list of numbers, the mean of the two in the middle if their count is even, null for an empty list.",
			example(`median([5, 1, 3])`, `3`), try1("list", median).returning(float.OrNull())).fallible(),
	}
}

// numbers parses a list of numbers.
func numbers(l listText) ([]plugins.Value, error) {
	vs, err := elements(l)
	if err != nil {
		return nil, err
	}
	for _, v := range vs {
		if !isNumber(v.Kind) {
			return nil, errors.New("the list has a " + v.Kind.String() + " among its numbers")
		}
	}
	return vs, nil
}

func sum(l listText) (anyValue, error) {
	vs, err := numbers(l)
	if err != nil {
		return anyValue{}, err
	}
	total := word{kind: plugins.Int}
	for _, v := range vs {
		var code string
		if total, code = wordOp(opAdd, total, wordOf(v)); code != "" {
			return anyValue{}, codedError(code)
		}
	}
	if total.kind == plugins.Float {
		return anyValue{Kind: plugins.Float, Float: total.float()}, nil
	}
	return anyValue{Kind: plugins.Int, Int: total.bits}, nil
}

func mean(l listText) (anyValue, error) {
	vs, err := numbers(l)
	if err != nil || len(vs) == 0 {
		return anyValue{Kind: plugins.Null}, err
	}
	total := 0.0
	for _, v := range vs {
		total += wordOf(v).float()
	}
	return anyValue{Kind: plugins.Float, Float: total / float64(len(vs))}, nil
}

func median(l listText) (anyValue, error) {
	if _, err := numbers(l); err != nil {
		return anyValue{}, err
	}
	l, err := sorted(l)
	if err != nil {
		return anyValue{}, err
	}
	vs, err := numbers(l)
	if err != nil || len(vs) == 0 {
		return anyValue{Kind: plugins.Null}, err
	}
	half := len(vs) / 2
	m := wordOf(vs[half]).float()
	if len(vs)%2 == 0 {
		m = m/2 + wordOf(vs[half-1]).float()/2
	}
	return anyValue{Kind: plugins.Float, Float: m}, nil
}

// extremeOf returns the least (-1) or the greatest (+1) of a list of numbers.
func extremeOf(l listText, sign int) (anyValue, error) {
	vs, err := numbers(l)
	if err != nil || len(vs) == 0 {
		return anyValue{Kind: plugins.Null}, err
	}
	best := vs[0]
	for _, v := range vs {
		if compareValues(v, best) == sign {
			best = v
		}
	}
	return best, nil
}
