package dsl

import (
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// payload reads the format, its options and the schema.
func (b *builder) payload(s *stage) {
	s.Format = s.kind.defaultFormat
	at := s.block.DefRange()
	a := s.body.attr("format")
	if a != nil {
		at = a.Expr.Range()
		s.places["format"] = at
		s.Format = b.text(a)
		b.explained(s, "format", a, StaticPhase)
	}
	s.Schema = b.schemaOf(s.body.attr("schema"))
	if a := s.body.attr("schema"); a != nil {
		b.explained(s, "schema", a, ReferencePhase)
	}
	codec, ok := b.registry.Codec(s.Format)
	switch {
	case a == nil && s.Format == "":
		b.fail(at, "missing format", "say what the records are encoded in: format = \"json\"; %s", hint("", b.registry.Codecs()))
		s.broken = true
		return
	case !ok:
		b.oneOf(at, "format", s.Format, b.registry.Codecs())
		s.broken = true
		return
	}
	b.formatOptions(s, codec)
}

// formatOptions reads the block with the options of the format.
func (b *builder) formatOptions(s *stage, codec plugins.Codec) {
	d := &decoder{builder: b, stage: s}
	body, at := content{}, s.block.DefRange()
	for _, name := range b.registry.Codecs() {
		for _, block := range s.body.blocksOf(name) {
			if name != s.Format {
				b.fail(block.TypeRange, "options of another format", "the format here is %s; write %s { ... } or format = %q", s.Format, s.Format, name)
				continue
			}
			body, at = b.read(block.Body, schemaForm(codec.Schema, "format "+name)), block.DefRange()
		}
	}
	s.Options = d.config(body, codec.Schema, codec.Name+".", at)
	if !d.failed {
		b.checkCodec(s, codec)
	}
}

// checkCodec lets the format look at its options.
func (b *builder) checkCodec(s *stage, codec plugins.Codec) {
	under := codec.Name + "."
	if codec.Framing != nil {
		if _, err := codec.Framing(s.Options); err != nil {
			b.configError(s, under, err)
			return
		}
	}
	if s.Role == graph.Sink || codec.Decoder == nil {
		return
	}
	fields := make([]plugins.Field, len(s.Schema.Fields))
	for i, f := range s.Schema.Fields {
		fields[i] = plugins.Field{Name: plugins.JoinPath(f.Name), Type: f.Type}
	}
	if _, err := codec.Decoder(plugins.DecoderConfig{Fields: fields, Schema: s.Schema, Options: s.Options}); err != nil {
		b.configError(s, under, err)
	}
}

// checkEncoder lets the format of a sink look at the records it is to write.
func (b *builder) checkEncoder(s *stage) {
	codec, _ := b.registry.Codec(s.Format)
	if s.Role != graph.Sink || codec.Encoder == nil {
		return
	}
	for _, shape := range b.written(s) {
		if shape.Untouched() && shape.Format == s.Format && shape.Options.Fingerprint() == s.Options.Fingerprint() {
			continue // they pass through
		}
		if _, err := codec.Encoder(plugins.EncoderConfig{Shape: shape, Options: s.Options, Topic: s.kind.sink.FixedTopic(s.Config)}); err != nil {
			b.configError(s, codec.Name+".", err)
			return
		}
	}
}

// hasBody reports whether a sink says what it makes of the records.
func (s *stage) hasBody() bool {
	return len(s.kind.sink.BodyExprs(s.Config)) > 0
}

// written returns the shapes of what a sink encodes.
func (b *builder) written(s *stage) []plugins.Shape {
	if s.hasBody() {
		return []plugins.Shape{plugins.BodyShape(s.kind.sink.BodyExprs(s.Config))}
	}
	return b.inputShapes(s)
}

// payloadShape is what format, options and schema say about the records.
func (b *builder) payloadShape(s *stage) plugins.Shape {
	t := s.Schema
	codec, _ := b.registry.Codec(s.Format)
	switch {
	case s.Role == graph.Sink && s.hasBody():
		t = plugins.BodyShape(s.kind.sink.BodyExprs(s.Config)).Type
	case s.Role == graph.Sink:
		t = s.In.Type
	case s.body.attr("schema") == nil && codec.Type != nil:
		t = codec.Type(s.Options)
	}
	shape := plugins.Shape{Type: t, Format: s.Format, Options: s.Options, Payload: t}
	if codec.Framing != nil {
		framing, _ := codec.Framing(s.Options) // checkCodec has reported the error
		shape.Alone = framing.Alone
	}
	return shape
}
