package amqp

import (
	"fmt"
	"slices"

	"github.com/onstream/onstream/connectors"
)

// maxShort is the most bytes of a short string: routing keys, and names.
const maxShort = 255

// routingKeyOf returns what a record of a topic is published with.
func routingKeyOf(t connectors.Topic) (string, error) {
	if t.Pattern() {
		return "", fmt.Errorf("%q stands for several topics, and a record goes to one: write a name without * and >", string(t))
	}
	return keyOf(t)
}

// bindingOf returns what a queue is bound with to get the records of a topic. As # stands
// for no word, too, > is a word and the rest.
func bindingOf(t connectors.Topic) (string, error) { return keyOf(t) }

func keyOf(t connectors.Topic) (string, error) {
	key := t.Render(".", "*", "*.#")
	switch {
	case len(key) > maxShort:
		return "", fmt.Errorf("the name of the topic has %d bytes, and a routing key has %d at most", len(key), maxShort)
	case !t.Native() && slices.Contains(t.Levels(), "#"):
		return "", fmt.Errorf("%q cannot be the name of a topic: # stands for several levels on AMQP; write > for them", string(t))
	}
	return key, nil
}
