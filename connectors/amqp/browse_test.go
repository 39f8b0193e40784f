package amqp_test

import (
	"testing"

	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

func TestLookingAtATopicMakesNoExchange(t *testing.T) {
	t.Parallel()
	addr, name := server(t), bustest.Unused()
	exchange := func() plugins.ConfigBlock {
		return bustest.Nested(kindOf(t).Schema, "exchange", map[string]any{"name": name})
	}
	sub := bustest.Subscribe("a.b")
	sub.Browse = true
	bustest.Refused(t, open(t, config(t, addr, nil, nil, exchange())), sub, "there is no exchange "+name, addr, "to look at a topic makes none")
	// It still is not there.
	strict := open(t, config(t, addr, map[string]any{"create": "never"}, nil, exchange()))
	bustest.Says(t, bustest.Open(t, strict, "a.b"), "exchange "+name, "NOT_FOUND")
}
