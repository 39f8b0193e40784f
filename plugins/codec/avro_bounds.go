package codec

import (
	"errors"
	"fmt"
	"strings"
)

// Schemas come from a registry, and so from whoever may write to it: what they can cost is
// bounded. The bounds are far above what schemas have, and hold for one with all that it refers to.
const (
	maxAvroParts   = 50_000  // types, fields, symbols, aliases and branches
	maxAvroNesting = 200     // of types in types
	maxAvroValues  = 400_000 // of the JSON, in one text, with the commas in strings
	maxAvroName    = 1_000   // bytes of a name, with its namespace
	maxAvroError   = 600     // bytes of what is said to be wrong, until the outer types are left out
)

// size counts a text of the schema before anything is made of it.
func (p *avroParser) size(text string) error {
	if p.bytes += len(text); p.bytes > maxSchemaText {
		return fmt.Errorf("it is longer than %d bytes, with all that it refers to", maxSchemaText)
	}
	if strings.Count(text, ",")+strings.Count(text, "{")+strings.Count(text, "[") > maxAvroValues {
		return fmt.Errorf("it has more than %d values", maxAvroValues)
	}
	return nil
}

// part counts parts of the schema.
func (p *avroParser) part(n int) error {
	if p.parts += n; p.parts > maxAvroParts {
		return fmt.Errorf("it has more than %d types, fields, symbols, aliases and branches", maxAvroParts)
	}
	return nil
}

// avroError says what is wrong with a schema. It has names in it that others chose, and one for
// each type around the place: where it becomes long, the outer ones are left out.
type avroError struct{ text string }

func (e *avroError) Error() string { return e.text }

// avroIn returns an error with the place where it is, in front of it or behind it.
func avroIn(err error, before, behind string) error {
	inner, ok := errors.AsType[*avroError](err)
	if !ok {
		inner = &avroError{cutMiddle(err.Error(), maxAvroError/2)}
	}
	if len(inner.text) > maxAvroError {
		return inner
	}
	return &avroError{before + inner.text + behind}
}

// cutMiddle cuts a text to about so many bytes.
func cutMiddle(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most/2], "") + "..." + strings.ToValidUTF8(text[len(text)-most/2:], "")
}
