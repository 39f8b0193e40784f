package mqtt

import "github.com/onstream/onstream/connectors"

// spelling remembers how the pipeline writes topics that messages come from again and again.
type spelling struct {
	known map[string]string
}

// of returns how the pipeline writes the topic of a message that a filter has let in: with dots, unless the
// filter is written as MQTT has it.
func (s *spelling) of(name []byte, f filter) string {
	if f.native {
		return string(name)
	}
	if topic, ok := s.known[string(name)]; ok {
		return topic
	}
	if s.known == nil || len(s.known) >= maxNames {
		s.known = map[string]string{}
	}
	topic := string(connectors.TopicOf(string(name), "/"))
	s.known[string(name)] = topic
	return topic
}
