package host

import (
	"strings"

	"github.com/onstream/onstream/wasm/binary"
)

// funcType reads a type such as "iI:i": i is an i32, I an i64, F an f64; the results are behind the colon.
func funcType(text string) binary.FuncType {
	params, results, _ := strings.Cut(text, ":")
	return binary.FuncType{Params: valueTypes(params), Results: valueTypes(results)}
}

func valueTypes(letters string) []binary.ValueType {
	var ts []binary.ValueType
	for _, l := range letters {
		ts = append(ts, map[rune]binary.ValueType{'i': binary.I32, 'I': binary.I64, 'F': binary.F64}[l])
	}
	return ts
}

// signature writes a type for people.
func signature(t binary.FuncType) string {
	return "(" + list(t.Params) + ") -> (" + list(t.Results) + ")"
}

func list(ts []binary.ValueType) string {
	names := make([]string, len(ts))
	for i, t := range ts {
		names[i] = t.String()
	}
	return strings.Join(names, ", ")
}
