package expr

import (
	"errors"
	"fmt"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// formatFunctions make texts of values.
func formatFunctions() []*Function {
	text := plugins.Of(plugins.String)
	return []*Function{
		define("format", "strings", "Returns spec with each verb replaced by a value: %s text, %d int, %f %e %g number, %x int or text in hexadecimal, %t bool, %q quoted text, %v any; with width and precision as in %08.3f. %% is a percent sign.",
			example(`format("%s: %.1f °C", "d1", 7.25)`, `"d1: 7.2 °C"`, `format("%05d", 42)`, `"00042"`),
			tryAll("spec, value", format).taking(text, plugins.Type{}).checked(checkFormat),
			try1("spec", func(spec string) (string, error) {
				return format([]anyValue{{Kind: plugins.String, Text: spec}})
			}).checked(checkFormat)).fallible(),
		define("join", "strings", "Returns the elements of a list as one text, with separators between them.",
			example(`join("/", ["a", "b", 3])`, `"a/b/3"`), try2("separator, list", join)).fallible(),
	}
}

// verb is a verb of a format with its flags, width and precision.
type verb struct {
	spec string
	char byte
}

// verbs cuts a format into its verbs.
func verbs(spec string) ([]verb, error) {
	var vs []verb
	for i := 0; i < len(spec); i++ {
		if spec[i] != '%' {
			continue
		}
		start := i
		i++
		for i < len(spec) && strings.IndexByte("+-# 0123456789.", spec[i]) >= 0 {
			i++
		}
		switch {
		case i == len(spec):
			return nil, fmt.Errorf("the format ends within %q", spec[start:])
		case i-start > 8:
			return nil, fmt.Errorf("the format has too wide a verb: %q", spec[start:i+1])
		case spec[i] == '%' && i == start+1:
			continue
		case strings.IndexByte("sdfegxXtqv", spec[i]) < 0:
			return nil, fmt.Errorf("the format has an unknown verb: %q; verbs are %%s %%d %%f %%e %%g %%x %%t %%q %%v", spec[start:i+1])
		}
		vs = append(vs, verb{spec[start : i+1], spec[i]})
	}
	return vs, nil
}

func checkFormat(args []*plugins.Value) (int, error) {
	if args[0] == nil {
		return 0, nil
	}
	vs, err := verbs(args[0].Text)
	if err == nil && len(vs) != len(args)-1 {
		err = fmt.Errorf("the format has %d verbs for %d values", len(vs), len(args)-1)
	}
	return 0, err
}

// format takes the format and the values for its verbs.
func format(args []anyValue) (string, error) {
	if _, err := checkFormat([]*plugins.Value{&args[0]}); err != nil && len(args) == 1 {
		return "", err
	}
	vs, err := verbs(args[0].Text)
	if err != nil {
		return "", err
	}
	if len(vs) != len(args)-1 {
		return "", fmt.Errorf("the format has %d verbs for %d values", len(vs), len(args)-1)
	}
	operands := make([]any, len(vs))
	size := len(args[0].Text)
	for i, v := range vs {
		if operands[i], err = operandOf(v, args[i+1]); err != nil {
			return "", err
		}
		size += 6 * len(args[i+1].Text)
	}
	if size > maxValue {
		return "", errTooLarge
	}
	return fmt.Sprintf(args[0].Text, operands...), nil
}

// operandOf returns what package fmt is to be given for a verb.
func operandOf(v verb, x plugins.Value) (any, error) {
	switch v.char {
	case 'd':
		if x.Kind == plugins.Int {
			return x.Int, nil
		}
	case 'f', 'e', 'g':
		switch x.Kind {
		case plugins.Float:
			return x.Float, nil
		case plugins.Int:
			return float64(x.Int), nil
		}
	case 'x', 'X':
		switch x.Kind {
		case plugins.Int:
			return x.Int, nil
		case plugins.String, plugins.Bytes:
			return x.Text, nil
		}
	case 't':
		if x.Kind == plugins.Bool {
			return x.Int != 0, nil
		}
	default:
		if text, ok := textOf(x); ok {
			return text, nil
		}
		if x.Kind.Nested() {
			return x.Text, nil
		}
	}
	return nil, fmt.Errorf("%s cannot show a value of type %s", v.spec, x.Kind)
}

func join(separator string, list listText) (string, error) {
	values, err := elements(list)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i, v := range values {
		text, ok := textOf(v)
		if !ok {
			return "", errors.New(noText(v.Kind))
		}
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(text)
		if b.Len() > maxValue {
			return "", errTooLarge
		}
	}
	return b.String(), nil
}
