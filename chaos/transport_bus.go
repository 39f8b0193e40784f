package main

import (
	"context"

	"github.com/onstream/onstream/chaos/bus"
)

// publisher is a transport to the topic that the engine reads: what the bus has
// confirmed is accepted.
type publisher struct{ client bus.Client }

func (p publisher) send(ctx context.Context, lines []line) (int, error) {
	messages := make([]bus.Message, len(lines))
	for i, l := range lines {
		messages[i] = bus.Message{Key: l.key, Text: l.text}
	}
	return p.client.Send(ctx, inputTopic, messages)
}

// close implements [transport]: the client is the road's.
func (p publisher) close() error { return nil }
