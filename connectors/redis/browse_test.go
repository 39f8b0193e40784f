package redis_test

import (
	"slices"
	"testing"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
)

// Who looks at a stream that is not there waits for it, without making it or a group, and sees what comes.
func TestLookingAtATopicMakesNone(t *testing.T) {
	t.Parallel()
	addr := server(t)
	topic := bustest.Unused()
	stream := streamOf(topic)
	bus := open(t, config(t, addr, nil))
	sub := bustest.Subscribe(topic)
	sub.Browse = true
	out := &bustest.Outlet{}
	looks := bustest.Read(t, bus, sub, out)
	for range 20 { // while it begins to look: a mistake may go unseen
		if raw(t, addr).Exists(t.Context(), stream).Val() != 0 {
			t.Fatal("the stream was made")
		}
	}
	if err := bustest.Put(t, bus, topic, "x"); err != nil {
		t.Fatal(err)
	}
	bustest.Eventually(t, "what comes is seen", func() bool { return len(out.Records()) == 1 })
	looks.Stop(t)
	if groups := raw(t, addr).XInfoGroups(t.Context(), stream).Val(); len(groups) > 0 {
		t.Errorf("there are groups: %+v", groups)
	}
}

// The list of topics has the names that pipelines have for them, and as many partitions as they are
// divided into, also where some are still empty.
func TestListOfTopics(t *testing.T) {
	t.Parallel()
	addr := server(t)
	topic := bustest.Unused()
	bus := open(t, config(t, addr, map[string]any{"partitions": int64(4)}))
	if err := bustest.Put(t, bus, topic, "x", "y"); err != nil {
		t.Fatal(err)
	}
	topics, err := bus.(connectors.Browser).Topics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := (connectors.TopicInfo{Name: topic, Partitions: 4, Records: 2}); !slices.Contains(topics, want) {
		t.Errorf("%+v is not in %+v", want, topics)
	}
}
