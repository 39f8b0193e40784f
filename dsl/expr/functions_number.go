package expr

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/onstream/onstream/plugins"
)

// numberFunctions calculate. What takes int and float takes them mixed, too:
// then it computes with floats.
func numberFunctions() []*Function {
	const category = "numbers"
	return []*Function{
		define("abs", category, "Returns a number or duration without its sign.",
			example(`abs(-3)`, `3`, `abs(-2.5)`, `2.5`),
			try1("x", func(x int64) (int64, error) { return whole(intOp(opSub, max(x, 0), min(x, 0))) }),
			of1("x", math.Abs),
			try1("x", func(d time.Duration) (time.Duration, error) {
				n, err := whole(intOp(opSub, int64(max(d, 0)), int64(min(d, 0))))
				return time.Duration(n), err
			})),
		define("sign", category, "Returns -1, 0 or 1.", example(`sign(-2.5)`, `-1`),
			of1("x", func(x int64) int64 { return int64(compare(x, 0)) }),
			of1("x", func(x float64) int64 { return int64(compare(x, 0)) })),
		define("min", category, "Returns the least of some numbers, or of a list of them; null for an empty list.",
			example(`min(3, 1.5)`, `1.5`, `min([4, 2])`, `2`), extremes(-1)...),
		define("max", category, "Returns the greatest of some numbers, or of a list of them; null for an empty list.",
			example(`max(3, 7)`, `7`, `max([4, 2])`, `4`), extremes(+1)...),
		define("clamp", category, "Returns x, but not less than low and not more than high.",
			example(`clamp(130, 0, 100)`, `100`),
			of3("x, low, high", func(x, low, high int64) int64 { return max(low, min(x, high)) }),
			of3("x, low, high", func(x, low, high float64) float64 { return max(low, min(x, high)) })),
		define("is_between", category, "Returns whether low <= x and x <= high.",
			example(`is_between(5, 1, 10)`, `true`),
			of3("x, low, high", func(x, low, high int64) bool { return low <= x && x <= high }),
			of3("x, low, high", func(x, low, high float64) bool { return low <= x && x <= high })),
		define("pow", category, "Returns base to the power of exponent.", example(`pow(2, 10)`, `1024`), of2("base, exponent", math.Pow)).fallible(),
		define("sqrt", category, "Returns the square root; of a negative number, there is none.", example(`sqrt(2.25)`, `1.5`), of1("x", math.Sqrt)).fallible(),
		define("exp", category, "Returns e to the power of x.", example(`exp(0)`, `1`), of1("x", math.Exp)).fallible(),
		define("log", category, "Returns the natural logarithm.", example(`log(1)`, `0`), of1("x", math.Log)).fallible(),
		define("log10", category, "Returns the logarithm to base 10.", example(`log10(1000)`, `3`), of1("x", math.Log10)).fallible(),
		define("sin", category, "Returns the sine of an angle in radians.", example(`sin(0)`, `0`), of1("angle", math.Sin)),
		define("cos", category, "Returns the cosine of an angle in radians.", example(`cos(0)`, `1`), of1("angle", math.Cos)),
		define("atan2", category, "Returns the angle in radians of the point (x, y), from -π to π.", example(`atan2(0, 1)`, `0`), of2("y, x", math.Atan2)),
		define("mod", category, "Returns the remainder of x / y with the sign of y, where % has the sign of x.",
			example(`mod(-1, 24)`, `23`, `mod(-90.5, 360)`, `269.5`),
			try2("x, y", func(x, y int64) (int64, error) {
				m, err := whole(intOp(opMod, x, y))
				if m != 0 && (m < 0) != (y < 0) {
					m += y
				}
				return m, err
			}),
			try2("x, y", func(x, y float64) (float64, error) {
				m, code := floatOp(opMod, x, y)
				if code != "" {
					return 0, codedError(code)
				}
				if m != 0 && (m < 0) != (y < 0) {
					m += y
				}
				return m, nil
			})).fallible(),
		define("intdiv", category, "Returns x / y without its fraction, as an int.",
			example(`intdiv(7, 2)`, `3`, `intdiv(-7, 2)`, `-3`),
			try2("x, y", func(x, y int64) (int64, error) { return whole(intOp(opDiv, x, y)) })).fallible(),
		define("parse_int", category, "Returns the int that text is, in base 10 or another from 2 to 36.",
			example(`parse_int("-17")`, `-17`, `parse_int("ff", 16)`, `255`),
			try1("text", func(text string) (int64, error) { return parseInt(text, 10) }),
			try2("text, base", parseInt)).fallible(),
		define("parse_float", category, "Returns the number that text is.",
			example(`parse_float("2.50")`, `2.5`), try1("text", parseFloat)).fallible(),
	}
}

// whole makes an error of the code of an operation.
func whole(x int64, code string) (int64, error) {
	if code != "" {
		return 0, codedError(code)
	}
	return x, nil
}

func extremes(sign int) []Signature {
	return []Signature{
		ofAll("x", func(xs []int64) int64 {
			best := xs[0]
			for _, x := range xs {
				if compare(x, best) == sign {
					best = x
				}
			}
			return best
		}),
		ofAll("x", func(xs []float64) float64 {
			best := xs[0]
			for _, x := range xs {
				if compare(x, best) == sign {
					best = x
				}
			}
			return best
		}),
		try1("list", func(l listText) (anyValue, error) { return extremeOf(l, sign) }).refined(optionalElement),
	}
}

func parseInt(text string, base int64) (int64, error) {
	if base < 2 || base > 36 {
		return 0, fmt.Errorf("there is no base %d: it is from 2 to 36", base)
	}
	n, err := strconv.ParseInt(text, int(base), 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, codedError(codeOverflow)
	case err != nil:
		return 0, errors.New("not an int: " + quoteShort(text))
	}
	return n, nil
}

func parseFloat(text string) (float64, error) {
	x, err := strconv.ParseFloat(text, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) || err == nil && x-x != 0:
		return 0, codedError(codeInfinite)
	case err != nil:
		return 0, errors.New("not a number: " + quoteShort(text))
	}
	return x, nil
}

// quoteShort quotes the beginning of a text, for messages.
func quoteShort(text string) string {
	const most = 40
	if len(text) > most {
		return strconv.Quote(text[:most]) + "..."
	}
	return strconv.Quote(text)
}

// roundingFunctions bring numbers to whole ones.
func roundingFunctions() []*Function {
	const category = "numbers"
	same := func(x int64) int64 { return x }
	return []*Function{
		define("round", category, "Returns the nearest whole number, or with digits the nearest number of so many decimal places; halves go away from zero. Negative digits round to tens, hundreds and so on.",
			example(`round(2.5)`, `3`, `round(21.468, 1)`, `21.5`, `round(1234.0, -2)`, `1200`),
			of1("x", same), of1("x", math.Round), try2("x, digits", roundTo)).fallible(),
		define("floor", category, "Returns the greatest whole number that is not greater.", example(`floor(-2.5)`, `-3`), of1("x", same), of1("x", math.Floor)),
		define("ceil", category, "Returns the least whole number that is not less.", example(`ceil(2.1)`, `3`), of1("x", same), of1("x", math.Ceil)),
		define("trunc", category, "Returns the number without its fraction.", example(`trunc(-2.7)`, `-2`), of1("x", same), of1("x", math.Trunc)),
	}
}

func roundTo(x float64, digits int64) (float64, error) {
	if digits < -300 || digits > 300 {
		return 0, errors.New("digits must be from -300 to 300")
	}
	p := math.Pow10(int(max(digits, -digits)))
	if digits < 0 {
		return math.Round(x/p) * p, nil
	}
	if y := x * p; y-y == 0 {
		return math.Round(y) / p, nil
	}
	return x, nil // has no digits there
}

// conversionFunctions make values of one type from values of others.
func conversionFunctions() []*Function {
	const category = "conversions"
	return []*Function{
		define("int", category, "Returns an int of a number, without its fraction, of a text or of a bool (0 or 1).",
			example(`int(7.9)`, `7`, `int("42")`, `42`, `int(true)`, `1`),
			of1("x", func(x int64) int64 { return x }),
			try1("x", func(x float64) (int64, error) {
				if x < math.MinInt64 || x >= -math.MinInt64 {
					return 0, codedError(codeOverflow)
				}
				return int64(x), nil
			}),
			try1("text", func(text string) (int64, error) { return parseInt(text, 10) }),
			of1("b", func(b bool) int64 { return boolValue(b).Int })).fallible(),
		define("float", category, "Returns a float of a number or of a text.",
			example(`float(7)`, `7`, `float("2.5")`, `2.5`),
			of1("x", func(x float64) float64 { return x }),
			try1("text", parseFloat)).fallible(),
		define("string", category, "Returns the text of a value, as in a template; of bytes, the text that they are in UTF-8.",
			example(`string(2.50)`, `"2.5"`, `string(true)`, `"true"`),
			of1("text", func(text string) string { return text }),
			try1("data", textOfBytes),
			try1("value", func(v anyValue) (string, error) {
				text, ok := textOf(v)
				switch {
				case v.Kind == plugins.Bytes:
					return textOfBytes(binaryData(v.Text))
				case v.Kind == plugins.Null:
					return "", codedError(codeNull)
				case !ok:
					return "", errors.New(noText(v.Kind))
				}
				return text, nil
			})).fallible(),
		define("bool", category, `Returns a bool of a text, "true" or "false".`,
			example(`bool("true")`, `true`),
			of1("b", func(b bool) bool { return b }),
			try1("text", func(text string) (bool, error) {
				if text != "true" && text != "false" {
					return false, errors.New("neither true nor false: " + quoteShort(text))
				}
				return text == "true", nil
			})).fallible(),
		define("duration", category, `Returns a duration of a text such as "1h30m", "250ms" or "-5s".`,
			example(`duration("90s")`, `"1m30s"`),
			of1("d", func(d time.Duration) time.Duration { return d }),
			try1("text", func(text string) (time.Duration, error) {
				d, err := time.ParseDuration(text)
				if err != nil {
					return 0, errors.New(`not a duration such as "1m30s": ` + quoteShort(text))
				}
				return d, nil
			})).fallible(),
		define("bytes", category, "Returns the bytes of a text in UTF-8.", example(`bytes::length(bytes("é"))`, `2`),
			of1("text", func(text string) binaryData { return binaryData(text) })),
	}
}
