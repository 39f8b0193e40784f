package connectors_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/memory"
	"github.com/onstream/onstream/plugins"
)

// A program that has handlers for Watermill uses them with any bus that onstream knows: here
// the one in memory, opened as the block `connector "memory" "bus" {}` would.
func ExampleNewSubscriber() {
	var registry plugins.Registry
	if err := memory.Register(&registry); err != nil {
		fmt.Println(err)
		return
	}
	kind, _ := registry.Connector("memory")
	config := plugins.NewConfig(map[string]any{"partitions": int64(1), "max_bytes": int64(1 << 20)})
	connection, err := kind.New(config, plugins.Env{Stage: "connector.bus", Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Println(err)
		return
	}
	bus := connection.(connectors.Bus)

	publisher := connectors.NewPublisher(connectors.PublisherConfig{Bus: bus})
	defer publisher.Close()
	m := message.NewMessage(watermill.NewUUID(), []byte(`{"temp":81}`))
	m.Metadata.Set(connectors.MetadataKey, "d1")
	if err := publisher.Publish("plant.d1", m); err != nil {
		fmt.Println(err)
		return
	}

	subscriber := connectors.NewSubscriber(connectors.SubscriberConfig{Bus: bus, Group: "example"})
	defer subscriber.Close()
	messages, err := subscriber.Subscribe(context.Background(), "plant.d1")
	if err != nil {
		fmt.Println(err)
		return
	}
	got := <-messages
	fmt.Println(got.Metadata.Get(connectors.MetadataKey), string(got.Payload))
	got.Ack()
	// Output: d1 {"temp":81}
}

// A program of its own may register any Watermill pub/sub beside the built-in buses: pipelines
// then write `connector "channel" "bus" { buffer = 100 }`.
func ExampleWatermillKind() {
	kind := connectors.WatermillKind("channel",
		plugins.Schema{
			Doc:   "Go channels, for an example.",
			Attrs: []plugins.Attr{{Name: "buffer", Type: plugins.AttrInt, Default: int64(10), Doc: "How many messages a subscriber buffers."}},
		},
		func(c plugins.Config, _ plugins.Env) (connectors.Watermill, error) {
			channel := gochannel.NewGoChannel(gochannel.Config{OutputChannelBuffer: c.Int("buffer"), Persistent: true}, nil)
			return connectors.Watermill{
				NewPublisher:  func() (message.Publisher, error) { return channel, nil },
				NewSubscriber: func(string) (message.Subscriber, error) { return channel, nil },
			}, nil
		},
	)
	var registry plugins.Registry
	if err := registry.AddConnector(kind); err != nil {
		fmt.Println(err)
		return
	}
	can, _ := kind.Reads(plugins.NewConfig(map[string]any{"topic": "plant.d1"}))
	fmt.Println(registry.Connectors(), can.Redelivers, can.Seekable)
	// Output: [channel] true false
}
