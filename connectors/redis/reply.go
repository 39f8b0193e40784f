package redis

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// reply is what is left to read of an answer of the server, in its protocol (RESP2).
type reply struct{ rest []byte }

var errReply = errors.New("the server's answer cannot be read")

// serverError is an answer that is an error.
type serverError string

// Error returns the server's text.
func (e serverError) Error() string { return string(e) }

// line returns the kind and the text of the next line.
func (r *reply) line() (kind byte, text []byte, err error) {
	end := bytes.IndexByte(r.rest, '\n')
	if end < 2 || r.rest[end-1] != '\r' {
		return 0, nil, errReply
	}
	kind, text = r.rest[0], r.rest[1:end-1]
	r.rest = r.rest[end+1:]
	if kind == '-' {
		return 0, nil, serverError(text)
	}
	return kind, text, nil
}

// array returns how many parts follow; -1 where there is nothing.
func (r *reply) array() (int, error) {
	kind, text, err := r.line()
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(string(text))
	if kind != '*' || err != nil || n > len(r.rest) {
		return 0, errReply
	}
	return n, nil
}

// text returns a text or a number, nil where there is none. It is valid as long as the answer.
func (r *reply) text() ([]byte, error) {
	kind, text, err := r.line()
	switch {
	case err != nil:
		return nil, err
	case kind == '+' || kind == ':':
		return text, nil
	case kind != '$':
		return nil, errReply
	case len(text) > 0 && text[0] == '-':
		return nil, nil
	}
	n, ok := number(text)
	if !ok || n > uint64(len(r.rest)) || uint64(len(r.rest))-n < 2 {
		return nil, errReply
	}
	value := r.rest[:n:n]
	if string(r.rest[n:n+2]) != "\r\n" {
		return nil, errReply
	}
	r.rest = r.rest[n+2:]
	return value, nil
}

// maxDepth bounds how deep an answer is nested.
const maxDepth = 16

// skip leaves out the next part.
func (r *reply) skip() error { return r.skipTo(maxDepth) }

func (r *reply) skipTo(depth int) error {
	if depth == 0 {
		return errReply
	}
	if len(r.rest) == 0 {
		return errReply
	}
	if r.rest[0] != '*' {
		_, err := r.text()
		if _, refused := errors.AsType[serverError](err); refused {
			return nil // a part that is an error
		}
		return err
	}
	n, err := r.array()
	for range max(n, 0) {
		if err == nil {
			err = r.skipTo(depth - 1)
		}
	}
	return err
}

// fields calls f with the name of each field of a list of names and values; f reads or
// skips the value.
func (r *reply) fields(f func(name string) error) error {
	n, err := r.array()
	if err != nil {
		return err
	}
	if n%2 != 0 {
		return errReply
	}
	for range max(n, 0) / 2 {
		name, err := r.text()
		if err != nil {
			return err
		}
		if err := f(string(name)); err != nil {
			return fmt.Errorf("%.40s: %w", name, err)
		}
	}
	return nil
}

// count reads a number; ok is false where there is none.
func (r *reply) count() (n uint64, ok bool, err error) {
	text, err := r.text()
	if err != nil || text == nil {
		return 0, false, err
	}
	n, ok = number(text)
	return n, ok, nil
}
