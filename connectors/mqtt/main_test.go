package mqtt_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/onstream/onstream/connectors/bustest"
)

func TestMain(m *testing.M) {
	// The drivers for tests end some of their goroutines a moment after they say so.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(bustest.WatermillCopies), goleak.IgnoreAnyFunction(bustest.WatermillCloses))
}
