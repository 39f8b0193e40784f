package redis_test

import (
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
)

func BenchmarkServer(b *testing.B) {
	bustest.Bench(b, func(t testing.TB) connectors.Bus {
		return open(t, config(t, server(t), nil))
	})
}
