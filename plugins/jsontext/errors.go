package jsontext

import (
	"errors"
	"strconv"

	"github.com/onstream/onstream/plugins"
)

// Errors without more to tell.
var (
	ErrDepth = errors.New("is nested deeper than 1000 levels")
	ErrNull  = errors.New("is null")
	ErrRange = errors.New("is out of range")
	ErrUTF8  = errors.New("is not valid UTF-8")
)

// SyntaxError says that a text is not JSON.
type SyntaxError struct{ At int } // offset in the text given

// Error says so and where.
func (e *SyntaxError) Error() string {
	return "is not valid JSON at offset " + strconv.Itoa(e.At)
}

// Rebase is err with offsets that count from start.
func Rebase(err error, start int) error {
	if e, ok := errors.AsType[*SyntaxError](err); ok {
		return &SyntaxError{e.At - start}
	}
	return err
}

func syntax(at int) error { return &SyntaxError{at} }

// MismatchError says that a value is of another kind than it should be.
type MismatchError struct{ Got, Want plugins.Kind }

// Error names both kinds.
func (e *MismatchError) Error() string {
	article := "a "
	switch e.Got {
	case plugins.Int:
		article = "an "
	case plugins.Null, plugins.Bytes:
		article = ""
	}
	return "is " + article + e.Got.String() + ", not " + e.Want.String()
}
