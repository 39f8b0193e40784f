package remote

import (
	"errors"
	"fmt"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// describe returns what a plugin says of itself. An error names each kind that a plugin cannot have, and why.
func describe(s Serving) (*pb.DescribeReply, error) {
	d := &pb.DescribeReply{Name: s.Name, Version: s.Version}
	if err := wire.CheckIdentifier("the plugin's name", s.Name); err != nil {
		return nil, err
	}
	if s.Registry == nil {
		return nil, errors.New("Serving has no Registry")
	}
	var errs []error
	add := func(k *pb.Kind, schema plugins.Schema, refused string) {
		var err error
		if refused == "" {
			k.Schema, err = wire.FromSchema(schema)
		} else {
			err = errors.New(refused)
		}
		if err == nil {
			err = wire.CheckIdentifier("its name", k.GetName())
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s kind %q: %w", roleName(k.GetRole()), k.GetName(), err))
		}
		d.Kinds = append(d.Kinds, k)
	}
	for _, name := range s.Registry.Sources() {
		k, _ := s.Registry.Source(name)
		add(&pb.Kind{Role: pb.Role_SOURCE, Name: name, Payload: k.Payload, DefaultFormat: k.DefaultFormat}, k.Schema, refuseSource(k))
	}
	for _, name := range s.Registry.Transforms() {
		k, _ := s.Registry.Transform(name)
		add(&pb.Kind{Role: pb.Role_TRANSFORM, Name: name, Payload: k.Payload, DefaultFormat: k.DefaultFormat}, k.Schema, refuseTransform(k))
	}
	for _, name := range s.Registry.Sinks() {
		k, _ := s.Registry.Sink(name)
		add(&pb.Kind{Role: pb.Role_SINK, Name: name, Payload: k.Payload, DefaultFormat: k.DefaultFormat, Topic: k.Topic, Body: k.Body, Headers: k.Headers},
			k.Schema, refuseSink(k))
	}
	for _, name := range s.Registry.Lookups() {
		k, _ := s.Registry.Lookup(name)
		add(&pb.Kind{Role: pb.Role_LOOKUP, Name: name}, k.Schema, refuseLookup(k))
	}
	for _, name := range s.Registry.Codecs() {
		errs = append(errs, fmt.Errorf("format %q: formats are the host's; a kind without Payload makes columns", name))
	}
	for _, name := range s.Registry.Connectors() {
		errs = append(errs, fmt.Errorf("connector %q: a plugin has no connections that stages name; a stage has its own", name))
	}
	if len(d.Kinds) == 0 && len(errs) == 0 {
		errs = append(errs, errors.New("the registry has no kinds"))
	}
	return d, errors.Join(errs...)
}

func roleName(r pb.Role) string {
	switch r {
	case pb.Role_SOURCE:
		return "source"
	case pb.Role_TRANSFORM:
		return "transform"
	case pb.Role_SINK:
		return "sink"
	case pb.Role_LOOKUP:
		return "lookup"
	default:
		return "stage"
	}
}

const (
	noConnections = "it needs a connection (Via), and connections do not reach a plugin"
	noKeys        = "it keeps something per key, and what is kept belongs to the engine"
	noTopics      = "it tells which topics it reads, which only kinds with a connection do"
)

// refuseSource says why a plugin cannot have a kind, "" where it can. So do its siblings.
func refuseSource(k plugins.SourceKind) string {
	switch {
	case k.Via != "":
		return noConnections
	case k.Keyed:
		return "it divides records by a key (Keyed), which only kinds with a connection do"
	case k.ReadsTopic != nil || k.OneTopic != nil || k.ReadsPartitions != nil:
		return noTopics
	case k.New == nil:
		return "it has no New"
	case !k.Payload && k.Output == nil:
		return "it has neither Payload nor Output, so nothing is known of its records"
	}
	return noExpressions(k.Schema)
}

func refuseTransform(k plugins.TransformKind) string {
	switch {
	case k.Stateful || k.Keyed || k.Deduplicates || len(k.Recalls) > 0:
		return noKeys
	case len(k.Ports) > 0:
		return "it has several inputs (Ports), and a plugin's has one"
	case k.Locals != nil:
		return "its expressions refer to more than the record (Locals), and the host evaluates them"
	case k.Lookup:
		return "it takes a look-up (Lookup), and those of the host do not reach a plugin"
	case k.New == nil:
		return "it has no New"
	}
	return ""
}

func refuseSink(k plugins.SinkKind) string {
	switch {
	case k.Via != "":
		return noConnections
	case k.New == nil:
		return "it has no New"
	case k.BodyOf != nil:
		return "more than one of its attributes says what is encoded; one may, as its Body"
	}
	return noExpressions(k.Schema, k.Topic, k.Body)
}

func refuseLookup(k plugins.LookupKind) string {
	switch {
	case k.Via != "":
		return noConnections
	case k.New == nil:
		return "it has no New"
	}
	return noExpressions(k.Schema)
}

// noExpressions says which attribute is evaluated per record in a kind whose stages are given no columns; some are for the engine.
func noExpressions(s plugins.Schema, engine ...string) string {
	for _, a := range s.Attrs {
		if a.Type.PerRecord() && !slices.Contains(engine, a.Name) {
			return fmt.Sprintf("attribute %q is evaluated per record, and only transforms (and the topic and the body of a sink) have such", a.Name)
		}
	}
	for _, b := range s.Blocks {
		if why := noExpressions(b.Schema); why != "" {
			return why
		}
	}
	return ""
}
