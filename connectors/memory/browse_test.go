package memory_test

import (
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
)

func TestLookingAtATopicMakesNone(t *testing.T) {
	t.Parallel()
	bus := connection(t, nil, env())
	bustest.Refused(t, bus, connectors.Subscription{Topic: "plant.temp", Start: connectors.StartEarliest, Browse: true},
		"there is no topic plant.temp", "to look at one makes none")
	topics, err := bus.(connectors.Browser).Topics(t.Context())
	if err != nil || len(topics) > 0 {
		t.Errorf("there are topics %v (%v)", topics, err)
	}
}
