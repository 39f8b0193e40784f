package expr

import (
	"maps"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"
)

// synonyms are names that functions have in other languages, in the form of
// [plainName].
var synonyms = map[string]string{
	"len": "length", "strlen": "length", "size": "length", "count": "length",
	"toupper": "upper", "uppercase": "upper", "upcase": "upper", "tolower": "lower", "lowercase": "lower", "downcase": "lower",
	"rnd": "round", "ceiling": "ceil", "int64": "int", "toint": "int", "fabs": "abs", "power": "pow", "ln": "log",
	"mean": "avg", "average": "avg", "str": "string", "tostring": "string", "text": "string", "tonumber": "float",
	"tofloat": "float", "number": "float", "double": "float", "tobool": "bool", "hasprefix": "starts_with", "hassuffix": "ends_with",
	"substring": "substr", "strip": "trim_space", "includes": "contains", "unique": "distinct", "uniq": "distinct", "append": "concat",
	"ifnull": "default", "nvl": "default", "isnull": "has", "exists": "has",
	"strftime": "time::format", "formatdate": "time::format", "strptime": "time::parse", "parsedate": "time::parse", "totime": "time::parse",
	"epoch": "time::unix", "tojson": "json::encode", "jsonencode": "json::encode", "fromjson": "json::decode", "jsondecode": "json::decode",
	"uuid": "uuid::v4", "haversine": "geo::distance", "matches": "regex::match",
	"celsius": "unit::f_to_c", "tocelsius": "unit::f_to_c", "fahrenheittocelsius": "unit::f_to_c",
	"fahrenheit": "unit::c_to_f", "tofahrenheit": "unit::c_to_f", "celsiustofahrenheit": "unit::c_to_f",
}

// unknownFunction says that a context has no function of a name, and what was
// meant: a function that is called like it, or one of its namespace.
func unknownFunction(name string, ctx *hcl.EvalContext) string {
	if isAggregate(name) {
		return name + " is available in emit of a window only, where it is about the records of one"
	}
	var names []string
	for ; ctx != nil; ctx = ctx.Parent() {
		names = slices.AppendSeq(names, maps.Keys(ctx.Functions))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	text := "there is no function " + name
	if guess := similarFunction(name, names); guess != "" {
		return text + "; did you mean " + guess + "?"
	}
	namespace, _ := splitName(name)
	if siblings := inNamespace(namespace, names); namespace != "" && len(siblings) > 0 {
		text += "; " + namespace + " has " + strings.Join(siblings, ", ")
	}
	return text + "; `onstream functions` lists them all"
}

// similarFunction returns the function that a wrong name most likely meant, ""
// for none. What is near in the namespace goes before what is near elsewhere.
func similarFunction(name string, names []string) string {
	namespace, last := splitName(name)
	if namespace != "" {
		if guess := nearest(last, inNamespace(namespace, names)); guess != "" {
			return guess
		}
		if guess, ok := Suggest(name, names); ok {
			return guess
		}
	}
	return nearest(last, names)
}

// nearest finds the function whose name without its namespace is last, a
// synonym of it, similar, or a longer or shorter form.
func nearest(last string, names []string) string {
	parts := make([]string, len(names))
	plain := plainName(last)
	same := ""
	for i, n := range names {
		_, parts[i] = splitName(n)
		if plainName(parts[i]) == plain && (same == "" || len(n) < len(same)) {
			same = n
		}
	}
	if same != "" {
		return same
	}
	if synonym, ok := synonyms[plain]; ok {
		if slices.Contains(names, synonym) {
			return synonym
		}
		if i := slices.Index(parts, synonym); i >= 0 {
			return names[i]
		}
	}
	if similar, ok := Suggest(last, parts); ok {
		return names[slices.Index(parts, similar)]
	}
	return abbreviated(last, names, parts)
}

// abbreviated finds the function of which last is the beginning, or that is
// the beginning of last.
func abbreviated(last string, names, parts []string) string {
	const least = 4 // letters that are more than a coincidence
	best, distance := "", 0
	for i, p := range parts {
		if min(len(p), len(last)) < least || !strings.HasPrefix(p, last) && !strings.HasPrefix(last, p) {
			continue
		}
		if d := levenshtein.Distance(p, last, nil); best == "" || d < distance {
			best, distance = names[i], d
		}
	}
	return best
}

// inNamespace returns the names that are in a namespace.
func inNamespace(namespace string, names []string) []string {
	var found []string
	for _, n := range names {
		if ns, _ := splitName(n); ns == namespace {
			found = append(found, n)
		}
	}
	return found
}

// splitName splits a name at its last ::.
func splitName(name string) (namespace, last string) {
	if i := strings.LastIndex(name, "::"); i >= 0 {
		return name[:i], name[i+2:]
	}
	return "", name
}

// plainName is a name as if there were one style of writing names.
func plainName(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }
