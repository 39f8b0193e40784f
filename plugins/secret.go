package plugins

import "log/slog"

// Secret is a value that is shown nowhere: printing, logging and encoding it
// give a placeholder. The zero value is the empty secret.
type Secret struct {
	// A pointer, because fmt prints unexported fields of structures around a
	// Secret without asking its methods.
	value *string
}

// NewSecret makes a secret.
func NewSecret(value string) Secret { return Secret{&value} }

const redacted = "(secret)"

// Reveal returns the value, for the one place that needs it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String returns a placeholder.
func (Secret) String() string { return redacted }

// GoString returns a placeholder.
func (Secret) GoString() string { return redacted }

// MarshalText returns a placeholder.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns a placeholder.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
