package expr

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/onstream/onstream/plugins"
)

// measure is a unit: a value x of it is x*factor + offset in the base unit of
// its quantity.
type measure struct {
	quantity string
	factor   float64
	offset   float64
}

// measures returns all units by name.
var measures = sync.OnceValue(func() map[string]measure {
	const inch, pound, gallon = 0.0254, 0.45359237, 0.003785411784
	const psi = pound * 9.80665 / (inch * inch)
	m := map[string]measure{
		"K": {"temperature", 1, 0}, "C": {"temperature", 1, 273.15},
		"F": {"temperature", 5.0 / 9, 459.67 * 5 / 9}, "R": {"temperature", 5.0 / 9, 0},
	}
	for quantity, units := range map[string]map[string]float64{
		"pressure":  {"Pa": 1, "hPa": 100, "kPa": 1e3, "MPa": 1e6, "mbar": 100, "bar": 1e5, "psi": psi, "atm": 101325, "mmHg": 133.322387415, "inHg": 3386.389},
		"length":    {"m": 1, "mm": 1e-3, "cm": 1e-2, "km": 1e3, "um": 1e-6, "in": inch, "ft": 12 * inch, "yd": 36 * inch, "mi": 63360 * inch, "nmi": 1852},
		"speed":     {"m/s": 1, "km/h": 1 / 3.6, "mph": 0.44704, "kn": 1852.0 / 3600, "ft/s": 12 * inch},
		"mass":      {"kg": 1, "g": 1e-3, "mg": 1e-6, "t": 1e3, "lb": pound, "oz": pound / 16},
		"energy":    {"J": 1, "kJ": 1e3, "MJ": 1e6, "Wh": 3600, "kWh": 3.6e6, "MWh": 3.6e9, "cal": 4.184, "kcal": 4184, "BTU": 1055.05585262},
		"power":     {"W": 1, "kW": 1e3, "MW": 1e6, "hp": 745.6998715822702},
		"volume":    {"m3": 1, "l": 1e-3, "ml": 1e-6, "gal": gallon, "ft3": 0.028316846592},
		"flow":      {"m3/s": 1, "m3/h": 1.0 / 3600, "l/s": 1e-3, "l/min": 1e-3 / 60, "gal/min": gallon / 60},
		"angle":     {"rad": 1, "deg": degree, "rev": 360 * degree},
		"frequency": {"Hz": 1, "kHz": 1e3, "MHz": 1e6, "rpm": 1.0 / 60},
		"time":      {"s": 1, "ms": 1e-3, "us": 1e-6, "min": 60, "h": 3600, "d": 86400},
		"data":      {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "bit": 0.125, "kbit": 125, "Mbit": 125e3},
		"current":   {"A": 1, "mA": 1e-3, "uA": 1e-6},
		"voltage":   {"V": 1, "mV": 1e-3, "kV": 1e3},
		"force":     {"N": 1, "kN": 1e3, "lbf": pound * 9.80665},
		"torque":    {"Nm": 1, "lbf.ft": pound * 9.80665 * 12 * inch},
		"fraction":  {"ppm": 1e-6, "ppb": 1e-9, "%": 1e-2, "ratio": 1},
	} {
		for name, factor := range units {
			m[name] = measure{quantity, factor, 0}
		}
	}
	return m
})

// unitFunctions convert between units of measure.
func unitFunctions() []*Function {
	const category = "units"
	direct := func(name, from, to, doc, result string) *Function {
		a, b := measures()[from], measures()[to]
		return define("unit::"+name, category, "Converts "+doc+".", example("round(unit::"+name+"(20), 3)", result),
			of1("x", func(x float64) float64 { return between(x, a, b) })).fallible()
	}
	return []*Function{
		define("unit::convert", category, "Converts x between units of one quantity, such as "+sampleUnits()+".",
			example(`unit::convert(100, "km/h", "m/s")`, `27.77777777777778`, `round(unit::convert(72.5, "F", "C"), 2)`, `22.5`),
			with3("x, from, to", func() func(float64, string, string) (float64, error) {
				var c conversionCache
				return func(x float64, from, to string) (float64, error) {
					if err := c.find(from, to); err != nil {
						return 0, err
					}
					return between(x, c.a, c.b), nil
				}
			}).checked(checkUnits)).fallible(),
		direct("f_to_c", "F", "C", "degrees Fahrenheit to Celsius", "-6.667"),
		direct("c_to_f", "C", "F", "degrees Celsius to Fahrenheit", "68"),
		direct("c_to_k", "C", "K", "degrees Celsius to kelvin", "293.15"),
		direct("k_to_c", "K", "C", "kelvin to degrees Celsius", "-253.15"),
		direct("psi_to_bar", "psi", "bar", "pounds per square inch to bar", "1.379"),
		direct("bar_to_psi", "bar", "psi", "bar to pounds per square inch", "290.075"),
	}
}

func sampleUnits() string {
	return "C F K; Pa kPa bar psi; mm m km in ft mi; m/s km/h mph kn; kg g lb oz; J kJ Wh kWh; l m3 gal; deg rad; Hz rpm; B KiB MB bit"
}

// between converts x from a to b. Where neither has an offset, one
// multiplication keeps round values round.
func between(x float64, a, b measure) float64 {
	if a.offset == 0 && b.offset == 0 {
		return x * (a.factor / b.factor)
	}
	if a.factor == b.factor {
		return x + (a.offset - b.offset)
	}
	return (x*a.factor + a.offset - b.offset) / b.factor
}

// conversionCache keeps the last pair of units: mostly there is only one.
type conversionCache struct {
	from, to string
	a, b     measure
}

func (c *conversionCache) find(from, to string) error {
	if c.from == from && c.to == to && from != "" {
		return nil
	}
	a, b, err := findUnits(from, to)
	if err != nil {
		return err
	}
	*c = conversionCache{strings.Clone(from), strings.Clone(to), a, b}
	return nil
}

func findUnits(from, to string) (a, b measure, err error) {
	if a, err = findUnit(from, to); err != nil {
		return a, b, err
	}
	if b, err = findUnit(to, from); err != nil {
		return a, b, err
	}
	if a.quantity != b.quantity {
		return a, b, fmt.Errorf("%s is a unit of %s and %s one of %s", from, a.quantity, to, b.quantity)
	}
	return a, b, nil
}

// findUnit returns the unit of a name; other is what it is converted to or
// from.
func findUnit(name, other string) (measure, error) {
	u, ok := measures()[name]
	if ok {
		return u, nil
	}
	names := slices.Sorted(maps.Keys(measures()))
	hint := didYouMean(name, names)
	if hint == "" {
		hint = "; there are " + sampleUnits()
		if o, known := measures()[other]; known {
			names = slices.DeleteFunc(names, func(n string) bool { return measures()[n].quantity != o.quantity })
			hint = "; the units of " + o.quantity + " are " + strings.Join(names, " ")
		}
	}
	return u, fmt.Errorf("there is no unit %s%s", quoteShort(name), hint)
}

func checkUnits(args []*plugins.Value) (int, error) {
	for i := 1; i <= 2; i++ {
		if args[i] == nil || args[i].Kind != plugins.String {
			return i, nil
		}
		other := ""
		if o := args[3-i]; o != nil {
			other = o.Text
		}
		if _, err := findUnit(args[i].Text, other); err != nil {
			return i, err
		}
	}
	_, _, err := findUnits(args[1].Text, args[2].Text)
	return 2, err
}
