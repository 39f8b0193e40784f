package dsl

// warnLoops warns of a sink that writes to the topic from which its records come.
func (b *builder) warnLoops() {
	for _, s := range b.order {
		topic := s.kind.sink.FixedTopic(s.Config)
		if topic == "" {
			continue
		}
		for _, source := range b.graph.Upstream(s.Stage) {
			u := b.stages[source.Addr()]
			if reads := u.kind.source.ReadsTopic; reads != nil && u.connector == s.connector && reads(u.Config, topic) {
				b.add(warningAt(s.places[s.kind.sink.Topic], "records come back",
					"%s reads the topic %q: what is written there comes in again, and goes round without end unless a stage between them stops it; write to another topic", u.Addr(), topic))
			}
		}
	}
}
