package kafka_test

import (
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
)

// Not even where the connector makes what is missing, and the cluster would.
func TestLookingAtATopicMakesNone(t *testing.T) {
	t.Parallel()
	addr := cluster(t).ListenAddrs()[0]
	bus := connect(t, addr, map[string]any{"create": "if_missing"})
	bustest.Refused(t, bus, connectors.Subscription{Topic: "plant.temp", Group: "g", Start: connectors.StartEarliest, Browse: true},
		`there is no topic "plant.temp"`, addr, "to look at one makes none", "onstream topic ls")
	topics, err := admin(t, addr).ListTopics(t.Context())
	if err != nil || topics.Has("plant.temp") {
		t.Errorf("the topics are %v (%v)", topics.Names(), err)
	}
}
