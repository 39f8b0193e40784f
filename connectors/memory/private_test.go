package memory_test

import (
	"strings"
	"testing"

	"github.com/onstream/onstream/connectors"
)

// Another process would look at an empty bus, and lose what it writes.
func TestNoOtherProcessGetsAtTheBus(t *testing.T) {
	t.Parallel()
	err := connection(t, nil, env()).(connectors.Private).Private()
	if want := "use one that others reach, such as nats with listen"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want ... %s", err, want)
	}
}
