package codec

import (
	"errors"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// The codes of failures.
const (
	codeDecode = "decode"
	codeEncode = "encode"
)

var errMissing = errors.New("is missing")

// fieldError says what is wrong with a field.
type fieldError struct {
	path plugins.Path
	err  error
}

func (e *fieldError) Error() string {
	return "field " + strings.Join(plugins.SplitPath(e.path), ".") + " " + e.err.Error()
}

// rowError says what is wrong with a row, in full.
type rowError struct{ msg string }

func (e *rowError) Error() string { return e.msg }

// codedError says what is wrong with a row, in full, and how to name that.
type codedError struct{ code, msg string }

func (e *codedError) Error() string { return e.msg }

// fail fails a row for what is wrong with its record or with a field of it.
func fail(b *plugins.Batch, row uint32, code string, err error) {
	if coded, ok := errors.AsType[*codedError](err); ok {
		code = coded.code
	}
	b.Fail(row, plugins.Failure{Code: code, Msg: rowMessage(err)})
}

// rowMessage says what is wrong with a row, in full.
func rowMessage(err error) string {
	_, ofField := errors.AsType[*fieldError](err)
	_, ofRow := errors.AsType[*rowError](err)
	_, coded := errors.AsType[*codedError](err)
	if ofField || ofRow || coded {
		return err.Error()
	}
	return "record " + err.Error()
}
