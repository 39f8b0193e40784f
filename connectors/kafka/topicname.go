package kafka

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/onstream/onstream/connectors"
)

// maxName is how long Kafka lets the name of a topic be.
const maxName = 249

var errNative = errors.New("names of Kafka topics have no /: write levels with dots between them, such as plant.d1.temp")

// names are the topics that a source reads: one, or all that match.
type names struct {
	topic   string
	pattern *regexp.Regexp // nil for one topic
}

// namesOf returns the topics that a name or a pattern stands for.
func namesOf(t connectors.Topic) (names, error) {
	if !t.Pattern() {
		name, err := nameOf(t)
		return names{topic: name}, err
	}
	var x strings.Builder
	x.WriteByte('^')
	for i, level := range t.Levels() {
		if i > 0 {
			x.WriteString(`\.`)
		}
		switch level {
		case "*":
			x.WriteString(`[^.]+`)
		case ">":
			x.WriteString(`.+`)
		default:
			if err := checkName(level); err != nil {
				return names{}, err
			}
			x.WriteString(regexp.QuoteMeta(level))
		}
	}
	x.WriteByte('$')
	pattern, err := regexp.Compile(x.String())
	if err != nil {
		return names{}, fmt.Errorf("%q cannot be a pattern of topics: %w", t, err)
	}
	return names{topic: string(t), pattern: pattern}, nil
}

// subscription is what the client is to be told to consume.
func (n names) subscription() string {
	if n.pattern != nil {
		return n.pattern.String()
	}
	return n.topic
}

// nameOf returns the name of one topic.
func nameOf(t connectors.Topic) (string, error) {
	if t.Native() {
		return "", errNative
	}
	return string(t), checkName(string(t))
}

func checkName(name string) error {
	switch {
	case len(name) > maxName:
		return fmt.Errorf("the name of a Kafka topic has %d characters at most, and this one has %d", maxName, len(name))
	case name == "." || name == "..":
		return fmt.Errorf("%q cannot be the name of a Kafka topic", name)
	}
	for _, r := range name {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-' {
			continue
		}
		return fmt.Errorf("%q cannot be the name of a Kafka topic: it has letters of English, digits, dots, _ and - only", name)
	}
	return nil
}
