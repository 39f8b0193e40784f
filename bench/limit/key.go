package limit

import "encoding/json"

// fieldNamed returns the field with a key that is spelled without escapes.
func fieldNamed(key []byte) field {
	switch string(key) {
	case "device_id":
		return device
	case "temperature":
		return temperature
	case "site":
		return site
	case "ts":
		return ts
	}
	return other
}

// fieldOf returns the field with the key that a JSON string, with its
// quotes, spells. Escapes are rare enough to leave to encoding/json.
func fieldOf(quoted []byte) field {
	var key string
	if json.Unmarshal(quoted, &key) != nil {
		return other
	}
	return fieldNamed([]byte(key))
}
