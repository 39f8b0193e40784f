package expr

import (
	"bytes"
	"errors"
	"math"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// listFunctions work on lists of anything.
func listFunctions() []*Function {
	const category = "lists"
	return []*Function{
		define("first", category, "Returns the first element, null if there is none.", example(`first([3, 4])`, `3`),
			try1("list", func(l listText) (anyValue, error) { return elementAt(l, 0) }).refined(optionalElement)).fallible(),
		define("last", category, "Returns the last element, null if there is none.", example(`last([3, 4])`, `4`),
			try1("list", func(l listText) (anyValue, error) { return elementAt(l, -1) }).refined(optionalElement)).fallible(),
		define("element", category, "Returns element index, where -1 is the last one; null if there is none.",
			example(`element(["a", "b"], -1)`, `"b"`, `element(["a", "b"], 5)`, `null`),
			try2("list, index", elementAt).refined(optionalElement)).fallible(),
		define("slice", category, "Returns the elements from start up to but without end; negative ones count from the end.",
			example(`slice([1, 2, 3, 4], 1, 3)`, `[2,3]`), try3("list, start, end", slice).refined(firstArgument)).fallible(),
		define("concat", category, "Returns the elements of all lists in one list.",
			example(`concat([1], [2, 3])`, `[1,2,3]`), tryAll("list", concat).refined(commonArgument)).fallible(),
		define("flatten", category, "Returns a list in which lists are replaced by their elements, however deep.",
			example(`flatten([1, [2, [3]]])`, `[1,2,3]`), try1("list", flatten)).fallible(),
		define("distinct", category, "Returns the elements without those that are equal to one before.",
			example(`distinct([1, 2, 1])`, `[1,2]`), try1("list", distinct).refined(firstArgument)).fallible(),
		define("sort", category, "Returns the elements in ascending order: all numbers or all texts.",
			example(`sort([3, 1.5, 2])`, `[1.5,2,3]`), try1("list", sorted).refined(firstArgument)).fallible(),
		define("range", category, "Returns the ints from start (or 0) up to but without end.",
			example(`range(3)`, `[0,1,2]`, `range(2, 5)`, `[2,3,4]`),
			try1("end", func(end int64) (listText, error) { return rangeOf(0, end) }).returning(listType(plugins.Of(plugins.Int))),
			try2("start, end", rangeOf).returning(listType(plugins.Of(plugins.Int)))).fallible(),
	}
}

func listType(elem plugins.Type) plugins.Type { return plugins.Type{Kind: plugins.List, Elem: &elem} }

// firstArgument is the type of results that are like the first argument.
func firstArgument(args []plugins.Type) plugins.Type {
	if args[0].Kind == plugins.Any {
		return plugins.Of(plugins.List)
	}
	return args[0].NotNull()
}

// commonArgument is the type that all arguments can be brought to.
func commonArgument(args []plugins.Type) plugins.Type {
	t := args[0]
	for _, a := range args[1:] {
		t, _ = unify(t, a)
	}
	if t.Kind != plugins.List {
		return plugins.Of(plugins.List)
	}
	return t.NotNull()
}

// optionalElement is the type of an element that may be missing.
func optionalElement(args []plugins.Type) plugins.Type {
	t := args[0].Element()
	if t.Kind == plugins.Any {
		return t
	}
	return t.OrNull()
}

// elements parses a list.
func elements(l listText) ([]plugins.Value, error) {
	var vs []plugins.Value
	err := eachElement([]byte(l), func(raw []byte) error {
		v, err := jsontext.Parse(raw)
		vs = append(vs, v)
		return inList(err)
	})
	return vs, err
}

// inList says of an error that it is about an element.
func inList(err error) error {
	if err == nil {
		return nil
	}
	return errors.New("an element " + err.Error())
}

// rawElements cuts a list into the texts of its elements.
func rawElements(l listText) ([][]byte, error) {
	var raws [][]byte
	err := eachElement([]byte(l), func(raw []byte) error {
		raws = append(raws, raw)
		return nil
	})
	return raws, err
}

func rawList(raws [][]byte) (listText, error) {
	return listText("[" + string(bytes.Join(raws, []byte(","))) + "]"), nil
}

func lengthOf(text string) (int64, error) {
	n, err := jsontext.Len([]byte(text))
	return int64(n), err
}

func elementAt(l listText, index int64) (anyValue, error) {
	if index > math.MaxInt32 || index < math.MinInt32 {
		return anyValue{Kind: plugins.Null}, nil
	}
	raw, err := jsontext.Index([]byte(l), int(index))
	if raw == nil || err != nil {
		return anyValue{Kind: plugins.Null}, inList(err)
	}
	v, err := jsontext.Parse(raw)
	return v, inList(err)
}

func reverseList(l listText) (listText, error) {
	raws, err := rawElements(l)
	if err != nil {
		return "", err
	}
	slices.Reverse(raws)
	return rawList(raws)
}

func slice(l listText, start, end int64) (listText, error) {
	raws, err := rawElements(l)
	if err != nil {
		return "", err
	}
	n := int64(len(raws))
	if start < 0 {
		start = max(0, start+n)
	}
	if end < 0 {
		end += n
	}
	end = min(end, n)
	if start >= end {
		return "[]", nil
	}
	return rawList(raws[start:end])
}

func concat(lists []listText) (listText, error) {
	var all [][]byte
	for _, l := range lists {
		raws, err := rawElements(l)
		if err != nil {
			return "", err
		}
		all = append(all, raws...)
	}
	return rawList(all)
}

func flatten(l listText) (listText, error) {
	all, err := appendFlat(nil, l)
	if err != nil {
		return "", err
	}
	return rawList(all)
}

func appendFlat(all [][]byte, l listText) ([][]byte, error) {
	raws, err := rawElements(l)
	if err != nil {
		return nil, err
	}
	for _, raw := range raws {
		if jsontext.KindOf(raw) != plugins.List {
			all = append(all, raw)
		} else if all, err = appendFlat(all, listText(raw)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func listContains(l listText, v anyValue) (bool, error) {
	want := jsontext.AppendValue(nil, v, "")
	it := jsontext.Elements([]byte(l))
	for it.Next() {
		same, err := equalJSON(it.Value(), want)
		if same || err != nil {
			return same, inList(err)
		}
	}
	return false, it.Err()
}

// distinct compares scalars by a key and only nested values with each other.
func distinct(l listText) (listText, error) {
	raws, err := rawElements(l)
	if err != nil {
		return "", err
	}
	seen := map[plugins.Value]bool{}
	var nested, kept [][]byte
	for _, raw := range raws {
		v, err := jsontext.Parse(raw)
		if err != nil {
			return "", inList(err)
		}
		if v.Kind.Nested() {
			found := false
			for _, other := range nested {
				if found, err = equalJSON(other, raw); found || err != nil {
					break
				}
			}
			if err != nil {
				return "", inList(err)
			}
			if !found {
				nested, kept = append(nested, raw), append(kept, raw)
			}
			continue
		}
		if i := int64(v.Float); v.Kind == plugins.Float && float64(i) == v.Float && math.Abs(v.Float) < 1<<53 {
			v = plugins.Value{Kind: plugins.Int, Int: i} // 1.0 is equal to 1
		}
		if !seen[v] {
			seen[v] = true
			kept = append(kept, raw)
		}
	}
	return rawList(kept)
}

func sorted(l listText) (listText, error) {
	vs, err := elements(l)
	if err != nil {
		return "", err
	}
	for i, v := range vs {
		if !isNumber(v.Kind) && v.Kind != plugins.String || isNumber(v.Kind) != isNumber(vs[0].Kind) {
			return "", errors.New("only a list of numbers or of texts can be sorted, and element " + string(jsontext.AppendInt(nil, int64(i))) + " is a " + v.Kind.String())
		}
	}
	slices.SortStableFunc(vs, compareValues)
	out := []byte{'['}
	for i, v := range vs {
		if i > 0 {
			out = append(out, ',')
		}
		out = jsontext.AppendValue(out, v, "")
	}
	return listText(append(out, ']')), nil
}

// compareValues compares two numbers or two texts.
func compareValues(a, b plugins.Value) int {
	if a.Kind == plugins.String {
		return compareStrings([]byte(a.Text), b.Text)
	}
	return compareNumbers(wordOf(a), wordOf(b))
}

func rangeOf(start, end int64) (listText, error) {
	const most = 100_000
	if end > start && uint64(end)-uint64(start) > most {
		return "", errors.New("a range may have 100000 elements")
	}
	out := []byte{'['}
	for i := start; i < end; i++ {
		if i > start {
			out = append(out, ',')
		}
		out = jsontext.AppendInt(out, i)
	}
	return listText(append(out, ']')), nil
}
