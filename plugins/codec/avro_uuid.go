package codec

import (
	"encoding/hex"
	"errors"
	"strings"
)

var errUUID = errors.New("is not a UUID")

// appendUUID appends 16 bytes as an id is written.
func appendUUID(dst, id []byte) []byte {
	const digits = "0123456789abcdef"
	for i, b := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[b>>4], digits[b&15])
	}
	return dst
}

// appendUUIDBytes appends the 16 bytes of an id that is written with dashes.
func appendUUIDBytes(dst, text []byte) ([]byte, error) {
	id, err := hex.DecodeString(strings.ReplaceAll(string(text), "-", ""))
	if err != nil || len(id) != 16 {
		return dst, errUUID
	}
	return append(dst, id...), nil
}
