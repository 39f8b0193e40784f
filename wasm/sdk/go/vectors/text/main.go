// Command text is a behaviour that reads and writes numbers and JSON with what the SDK has for that.
package main

import (
	"bytes"
	"errors"
	"strconv"

	onstream "github.com/onstream/onstream/wasm/sdk/go"
)

var _ = onstream.Register(onstream.Behaviour{Records: process})

func process(in *onstream.Records, out *onstream.Output) error {
	for row := range in.Len() {
		word, rest, _ := bytes.Cut(in.Value(row), []byte(" "))
		if value, err := answer(string(word), rest); err != nil {
			out.Fail(row, err.Error())
		} else {
			out.Record(row).SetValue(value)
		}
	}
	return nil
}

func answer(word string, text []byte) ([]byte, error) {
	switch word {
	case "number":
		v, err := number(text)
		return onstream.AppendNumber(nil, v), err
	case "fahrenheit":
		v, err := number(text)
		return onstream.AppendNumber(nil, v*9/5+32), err
	case "fixed":
		decimals, text, _ := bytes.Cut(text, []byte(" "))
		n, _ := strconv.Atoi(string(decimals))
		v, err := number(text)
		return onstream.AppendFixed(nil, v, n), err
	case "find":
		name, text, _ := bytes.Cut(text, []byte(" "))
		value, ok := onstream.Field(text, string(name))
		if !ok {
			value = []byte("absent")
		}
		return value, nil
	}
	return onstream.AppendString(nil, text), nil
}

func number(text []byte) (float64, error) {
	v, ok := onstream.Number(text)
	if !ok {
		return 0, errors.New("no number")
	}
	return v, nil
}

func main() {}
