package sinks

import (
	"bytes"
	"errors"
	"fmt"
)

const (
	// idempotencyKey is the header by which a receiver knows a request again.
	idempotencyKey = "Idempotency-Key"
	// longestKey is how long its value may be: receivers and what stands
	// before them bound headers.
	longestKey = 1 << 10
)

// checkIdempotencyKey finds keys that do not reach the receiver as they are,
// so that it could take two records for one, or one for two.
func checkIdempotencyKey(key []byte) error {
	switch {
	case len(key) == 0:
		return errors.New("the key is empty: an idempotent request needs one of its own; filter records without one out before")
	case len(key) > longestKey:
		return fmt.Errorf("the key has %d bytes, and a header no more than %d: make it a digest", len(key), longestKey)
	case bytes.ContainsFunc(key, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return errors.New("the key has line breaks or other control characters, which a header cannot carry: take them out, or make it a digest")
	case key[0] == ' ' || key[len(key)-1] == ' ':
		return errors.New("the key begins or ends with a space, which a header does not keep: trim it")
	}
	return nil
}
