package reference

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
)

// Attribute is what is told about an attribute.
type Attribute struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	Allowed  []string `json:"allowed,omitempty"` // the only values
	Required bool     `json:"required"`
	Default  string   `json:"default,omitempty"` // as it would be written; "" for none
	Doc      string   `json:"doc"`               // with the bounds
}

func attributes(s plugins.Schema) []Attribute {
	out := []Attribute{}
	for _, a := range s.Attrs {
		out = append(out, Attribute{a.Name, typeOf(a), a.Enum, a.Required, defaultOf(a), a.Doc + bounds(a)})
	}
	return out
}

func typeOf(a plugins.Attr) string {
	if (a.Type == plugins.AttrExpr || a.Type == plugins.AttrPortExprs) && a.Want.Kind != plugins.Any {
		return a.Want.String() + " " + a.Type.String()
	}
	return a.Type.String()
}

func defaultOf(a plugins.Attr) string {
	if a.Required || a.Default == nil {
		return ""
	}
	switch v := a.Default.(type) {
	case string:
		if v == "" {
			return ""
		}
		return fmt.Sprintf("%q", v)
	case int64:
		if a.Type == plugins.AttrSize {
			return `"` + size(v) + `"`
		}
		return fmt.Sprint(v)
	case fmt.Stringer: // a duration
		return `"` + trimDuration(v.String()) + `"`
	default:
		return fmt.Sprint(v)
	}
}

// trimDuration takes away what Go writes for the sake of form: 1m0s is 1m.
func trimDuration(s string) string {
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func size(n int64) string {
	for _, u := range []struct {
		name  string
		bytes int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.bytes && n%u.bytes == 0 {
			return fmt.Sprint(n/u.bytes, u.name)
		}
	}
	return fmt.Sprint(n)
}

// bounds tells the range of a number. That it is not negative goes without
// saying.
func bounds(a plugins.Attr) string {
	least := a.Min != nil && *a.Min != 0
	switch {
	case a.Min != nil && a.Max != nil:
		return fmt.Sprintf(" From %s to %s.", bound(a, *a.Min), bound(a, *a.Max))
	case least:
		return fmt.Sprintf(" At least %s.", bound(a, *a.Min))
	case a.Max != nil:
		return fmt.Sprintf(" At most %s.", bound(a, *a.Max))
	default:
		return ""
	}
}

func bound(a plugins.Attr, v float64) string {
	switch a.Type {
	case plugins.AttrSize:
		return size(int64(v))
	case plugins.AttrDuration:
		return trimDuration(time.Duration(v * float64(time.Second)).String())
	default:
		if short := fmt.Sprintf("%g", v); strings.Contains(short, ".") && v == math.Trunc(v) {
			return strconv.FormatFloat(v, 'f', 0, 64) // 1048576
		}
		return strings.NewReplacer("e+0", "e", "e-0", "e-", "e+", "e").Replace(fmt.Sprintf("%g", v))
	}
}
