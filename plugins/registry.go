package plugins

import (
	"fmt"
	"maps"
	"slices"
)

// SourceKind is a kind of source.
type SourceKind struct {
	Name   string
	Schema Schema
	// Payload says that records are payloads in the stage's format: the stage
	// takes format and schema. Otherwise Output must be set.
	Payload bool
	// DefaultFormat is the format where the stage names none; "" makes it required.
	DefaultFormat string
	// Via is the [ConnectorKind.Service] of the connection that the stage must
	// name; "" for kinds that need none.
	Via string
	// Keyed says that the stage takes key: by it the records are divided among
	// its partitions, so that all with the same key are in one.
	Keyed bool
	// ReadsTopic reports whether a source, so configured, reads a topic that a
	// sink over the same connection names ([SinkKind.FixedTopic]). Nil for kinds
	// without topics.
	ReadsTopic func(c Config, topic string) bool
	// ReadsPartitions reports whether a source, so configured, may read partitions
	// that the bus gives a name ([Partition.Name]); false only where it surely does
	// not. Nil for kinds of which nothing is known.
	ReadsPartitions func(c Config, name string) bool
	// OneTopic returns the topic that all records of a source, so configured, are
	// of, as the pipeline names it; "" where each tells its own ([Batch.Topics]).
	// Nil for kinds without topics.
	OneTopic func(Config) string
	// Output returns the shape of what a source without payload brings.
	Output func(Config) (Shape, error)
	// Check finds, when the pipeline is built, what the schema cannot say:
	// attributes that exclude each other, a malformed URL. It reads nothing
	// but the Config and returns a [ConfigError]. Nil means nothing to find.
	Check        func(Config) error
	Capabilities func(Config) Capabilities
	New          func(Config, Env) (Source, error)
}

// TransformKind is a kind of transform.
type TransformKind struct {
	Name   string
	Schema Schema
	// Payload says that the stage makes payloads in the stage's format, out
	// of something that is not: it takes format and schema, and Outputs finds
	// their shape in [Config.Payload].
	Payload bool
	// DefaultFormat is the format where the stage names none; "" makes it required.
	DefaultFormat string
	// Outputs returns the stage's outputs for an input of a shape. Nil means
	// one output without name and of the input's shape.
	Outputs func(in Shape, c Config) ([]Output, error)
	// Keyed says that the stage keeps something per key: it takes key, and
	// all records of a key meet the same instance, in order, unless the stage keeps
	// nothing ([TransformKind.ByKey]). Its Config has the key as Expr("key"), nil where
	// the stage has none; then there is one instance.
	Keyed bool
	// Ports are the names of the inputs of a kind that has several; its
	// transforms are [Ported] and it is Keyed, with the key of each input in
	// its Config as PortExprs("key"). Outputs is given the shape of the first.
	Ports []string
	// Locals returns what the expressions of an attribute may refer to beyond
	// the usual, and whether `event` is among the usual. It is asked when the
	// attributes before it in the schema are known, with the shapes of the
	// inputs by port. The reference asks with an empty Config. Nil means
	// nothing, and event.
	Locals func(attr string, in []Shape, c Config) (locals []Local, event bool)
	// Recalls are the names of locals whose fields are those that earlier
	// records of the input had: what expressions read of them is decoded with
	// the fields of event, and the transform keeps it.
	Recalls []string
	// Lookup says that the stage takes exactly one block `lookup "KIND" { ... }`
	// with the schema of that kind of look-up, which [Config.Lookup] returns.
	Lookup bool
	// Stateful says that the transforms are [Stateful], and the kind is Keyed: for
	// each key something is kept that must survive, unless [Description.State]
	// says otherwise of a stage.
	Stateful bool
	// StateJSON writes as JSON, for people, a value of [KeySpace] that was stored
	// when [Description.State] was the text given; nil for one that it cannot read.
	// Nil means that it cannot read any.
	StateJSON func(state string, value []byte) []byte
	// Describe tells what a stage is by its configuration. It is asked when Outputs
	// has found no error, and from then on by plan, at a reload and with each
	// checkpoint, by several goroutines at once: the answer is to be found quickly, and to stay
	// the same as long as Contents is. Nil means nothing to tell.
	Describe func(Config) Description
	// Deduplicates says that a record that comes a second time, as in a replay,
	// does not pass.
	Deduplicates bool
	New          func(Config, Env) (Transform, error)
}

// SinkKind is a kind of sink.
type SinkKind struct {
	Name   string
	Schema Schema
	// Payload says that the engine encodes records in the stage's format.
	Payload       bool
	DefaultFormat string
	// Via is as in [SourceKind].
	Via string
	// Topic names an AttrExpr of type string, whose value says where each record
	// is to go: the engine puts it into [Batch.Topics], unless it is the same
	// for all ([ConstantOf]). "" for none.
	Topic string
	// Body names an AttrExprMap which, where it is written, makes the record
	// that is encoded of the one that came. "" for none.
	Body string
	// BodyOf is for kinds of which more than one attribute says what is encoded: it returns that, nil where the record is
	// encoded as it came. Names tell where a field comes from: they need not be those of a document. It is asked often, and
	// for configurations that Check has refused.
	BodyOf func(Config) []NamedExpr
	// Headers says that Write uses the headers of records.
	Headers bool
	// Check is as in [SourceKind]. The Config of a sink has the stage's key as
	// Expr("key"), nil where it has none; what it is for a record, the batches
	// tell.
	Check        func(Config) error
	Capabilities func(Config) Capabilities
	// Direct says that Write, so configured, answers before it returns, waits
	// for nothing but this machine, and needs no Flush: the engine may then
	// call it from the goroutine that made the batch. Nil means no.
	Direct func(Config) bool
	New    func(Config, Env) (Sink, error)
}

// BodyExprs returns what the record that is encoded is made of, nil where it is encoded as it came.
func (k SinkKind) BodyExprs(c Config) []NamedExpr {
	switch {
	case k.BodyOf != nil:
		return k.BodyOf(c)
	case k.Body != "":
		return c.Exprs(k.Body)
	}
	return nil
}

// FixedTopic returns where all records of a sink go. "" where each record says so
// itself, and of kinds without topics.
func (k SinkKind) FixedTopic(c Config) string {
	if k.Topic == "" {
		return ""
	}
	topic, _ := ConstantOf(c.Expr(k.Topic))
	return topic.Text
}

// Registry is the kinds that a pipeline may use. Fill it before it is read;
// it is then safe for concurrent use.
type Registry struct {
	sources    map[string]SourceKind
	transforms map[string]TransformKind
	sinks      map[string]SinkKind
	codecs     map[string]Codec
	lookups    map[string]LookupKind
	connectors map[string]ConnectorKind
}

// Clone returns a registry with the same kinds, to which more can be added.
func (r *Registry) Clone() *Registry {
	return &Registry{
		sources: maps.Clone(r.sources), transforms: maps.Clone(r.transforms), sinks: maps.Clone(r.sinks),
		codecs: maps.Clone(r.codecs), lookups: maps.Clone(r.lookups), connectors: maps.Clone(r.connectors),
	}
}

func add[T any](m *map[string]T, what, name string, v T) error {
	if *m == nil {
		*m = map[string]T{}
	}
	if _, dup := (*m)[name]; dup {
		return fmt.Errorf("%s kind %q is registered twice", what, name)
	}
	(*m)[name] = v
	return nil
}

// AddSource registers a kind of source. A name can be taken once.
func (r *Registry) AddSource(k SourceKind) error { return add(&r.sources, "source", k.Name, k) }

// AddTransform registers a kind of transform. A name can be taken once.
func (r *Registry) AddTransform(k TransformKind) error {
	return add(&r.transforms, "transform", k.Name, k)
}

// AddSink registers a kind of sink. A name can be taken once.
func (r *Registry) AddSink(k SinkKind) error { return add(&r.sinks, "sink", k.Name, k) }

// AddCodec registers a payload format. A name can be taken once.
func (r *Registry) AddCodec(c Codec) error { return add(&r.codecs, "codec", c.Name, c) }

// AddLookup registers a kind of look-up. A name can be taken once.
func (r *Registry) AddLookup(k LookupKind) error { return add(&r.lookups, "lookup", k.Name, k) }

// AddConnector registers a kind of connection. A name can be taken once.
func (r *Registry) AddConnector(k ConnectorKind) error {
	return add(&r.connectors, "connector", k.Name, k)
}

// Connector returns a kind by name.
func (r *Registry) Connector(name string) (ConnectorKind, bool) {
	k, ok := r.connectors[name]
	return k, ok
}

// Connectors returns the names of the kinds of connections, sorted.
func (r *Registry) Connectors() []string { return slices.Sorted(maps.Keys(r.connectors)) }

// Lookup returns a kind by name.
func (r *Registry) Lookup(name string) (LookupKind, bool) { k, ok := r.lookups[name]; return k, ok }

// Lookups returns the names of the kinds of look-ups, sorted.
func (r *Registry) Lookups() []string { return slices.Sorted(maps.Keys(r.lookups)) }

// Source returns a kind by name.
func (r *Registry) Source(name string) (SourceKind, bool) { k, ok := r.sources[name]; return k, ok }

// Transform returns a kind by name.
func (r *Registry) Transform(name string) (TransformKind, bool) {
	k, ok := r.transforms[name]
	return k, ok
}

// Sink returns a kind by name.
func (r *Registry) Sink(name string) (SinkKind, bool) { k, ok := r.sinks[name]; return k, ok }

// Codec returns a format by name.
func (r *Registry) Codec(name string) (Codec, bool) { c, ok := r.codecs[name]; return c, ok }

// Sources returns the names of the kinds of sources, sorted.
func (r *Registry) Sources() []string { return slices.Sorted(maps.Keys(r.sources)) }

// Transforms returns the names of the kinds of transforms, sorted.
func (r *Registry) Transforms() []string { return slices.Sorted(maps.Keys(r.transforms)) }

// Sinks returns the names of the kinds of sinks, sorted.
func (r *Registry) Sinks() []string { return slices.Sorted(maps.Keys(r.sinks)) }

// Codecs returns the names of the formats, sorted.
func (r *Registry) Codecs() []string { return slices.Sorted(maps.Keys(r.codecs)) }
