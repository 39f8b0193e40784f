package connectors_test

import (
	"testing"

	"github.com/onstream/onstream/connectors"
)

func TestDialAddress(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string]string{
		"127.0.0.1:4222": "127.0.0.1:4222",
		"[::1]:1883":     "[::1]:1883",
		"bus.local:1883": "bus.local:1883",
		":1883":          "HOST:1883",
		"0.0.0.0:1883":   "HOST:1883",
		"[::]:1883":      "HOST:1883",
		"127.0.0.1:0":    "127.0.0.1:PORT",
		":0":             "HOST:PORT",
	} {
		if got := connectors.DialAddress(listen); got != want {
			t.Errorf("what listens at %q is found at %q, want %q", listen, got, want)
		}
	}
}
