package mqtt_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The drivers for tests end some of their goroutines a moment after they say so.
	goleak.VerifyTestMain(m)
}
