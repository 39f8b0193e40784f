package runtime

import (
	"fmt"
	"slices"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/graph"
)

// compiler makes one chain of a topology.
type compiler struct {
	top   *topology
	chain *chain
	made  map[string]link // of stages on error outputs, by address
}

// columns is what is known to be a column of the batch at one place of a
// chain, beyond what the shape says.
type columns struct {
	generation int
	decoded    []plugins.Path
}

// links compiles the consumers of an output.
func (c *compiler) links(edges []graph.Edge, in plugins.Shape, have columns) (link, error) {
	var links []link
	for _, e := range edges {
		l, err := c.stage(e, in, have)
		if err != nil {
			return nil, err
		}
		links = append(links, l)
	}
	switch len(links) {
	case 0:
		return nil, nil
	case 1:
		return links[0], nil
	default:
		return &fan{links: links}, nil
	}
}

func (c *compiler) stage(e graph.Edge, in plugins.Shape, have columns) (link, error) {
	switch s := e.To; {
	case s.Role == graph.Sink:
		return c.sink(s, in, have)
	case c.keyed(s):
		return c.lane(e, in, have)
	default:
		return c.transform(s, 0, in, have) // kinds with ports are keyed
	}
}

func (c *compiler) keyed(s *graph.Stage) bool {
	k, ok := s.TransformKind(c.top.engine.config.Registry)
	return ok && k.ByKey(k.Description(s.Config))
}

// transform compiles a stage and everything downstream of it that runs in the
// same goroutine.
func (c *compiler) transform(s *graph.Stage, port int, in plugins.Shape, have columns) (link, error) {
	kind, ok := s.TransformKind(c.top.engine.config.Registry)
	if !ok {
		return nil, fmt.Errorf("%s: no transform kind %q is registered", s.Addr(), s.Kind)
	}
	base, err := c.base(s, in)
	if err != nil {
		return nil, err
	}
	n := &transformNode{stage: base, made: *base, ctx: c.top.engine.work, port: port}
	n.made.letters = new(letters) // what the transform makes is not of the shape of the input
	n.decode.stage = base
	if n.decode.decoders, have, err = c.decoders(s, in, have, kind.Reads(s.Config, n.port)); err != nil {
		return nil, err
	}
	if n.inst = c.chain.stages[s.Addr()]; n.inst == nil {
		env := c.top.engine.env(s)
		env.Shared = c.top.shared[s.Addr()]
		if env.Connection, err = c.top.engine.via.of(s); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Addr(), err)
		}
		create := func() (plugins.Transform, error) { return kind.New(s.Config, env) }
		if s.Follows != "" {
			create = c.partitioned(s, create)
		}
		t, err := create()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Addr(), err)
		}
		n.inst = &instance{t, s.Fingerprint() + in.Type.String()}
		c.chain.stages[s.Addr()] = n.inst
	}
	outputs := []plugins.Output{{Shape: in}}
	switch {
	case len(kind.Ports) > 0:
		outputs = s.Outputs
	case kind.Outputs != nil:
		if outputs, err = kind.Outputs(in, s.Config); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Addr(), err)
		}
	}
	for _, o := range outputs {
		after := have
		if o.Shape.Generation != in.Generation || o.Shape.Format == "" {
			after = columns{generation: o.Shape.Generation}
		}
		next, err := c.links(c.top.graph.Consumers(s.Addr(), o.Name), o.Shape, after)
		if err != nil {
			return nil, err
		}
		n.outputs = append(n.outputs, next)
	}
	return n, nil
}

// partitioned makes of a stage one that has an instance for each partition, if
// something is stored for it.
func (c *compiler) partitioned(s *graph.Stage, create func() (plugins.Transform, error)) func() (plugins.Transform, error) {
	e := c.top.engine
	if s.Description(e.config.Registry).State == "" || !e.state.durable {
		return create
	}
	return func() (plugins.Transform, error) {
		return &partitioned{engine: e, addr: s.Addr(), create: create}, nil
	}
}

// portOf returns the index of the port that an edge leads to, 0 for kinds with
// one input.
func portOf(k plugins.TransformKind, e graph.Edge) int {
	return max(0, slices.Index(k.Ports, e.To.Inputs[e.Input].Port))
}

// lane compiles the way into the lanes of a keyed stage. What the stage reads
// is decoded on this side, in one pass with the key.
func (c *compiler) lane(e graph.Edge, in plugins.Shape, have columns) (link, error) {
	s := e.To
	kind, _ := s.TransformKind(c.top.engine.config.Registry)
	base, err := c.base(s, in)
	if err != nil {
		return nil, err
	}
	port, key := portOf(kind, e), s.Key
	if len(s.Keys) > 0 {
		key = s.Keys[port]
	}
	reads := kind.Reads(s.Config, port)
	if key != nil {
		reads = append(reads, key.Reads()...)
	}
	n := &laneNode{stage: base, lanes: c.top.lanes[s.Addr()]}
	n.decode.stage = base
	if n.decode.decoders, _, err = c.decoders(s, in, have, reads); err != nil {
		return nil, err
	}
	known := columns{generation: in.Generation}
	for _, f := range reads {
		if !in.IsColumn(f.Name) && !plugins.IsLocal(f.Name) && !slices.Contains(known.decoded, f.Name) {
			known.decoded = append(known.decoded, f.Name)
		}
	}
	n.columns = slices.Concat(recordColumns(in), known.decoded)
	n.entry = n.lanes.entry(port, in, known)
	n.parts = make([][]uint32, len(n.lanes.queues))
	for g := range n.laneOf {
		n.laneOf[g] = uint8(laneOf(plugins.Group(g), len(n.parts)))
	}
	if key != nil && len(n.parts) > 1 {
		n.key = key.Evaluator(c.top.engine.env(s))
	}
	return n, nil
}

// recordColumns lists the columns without which a batch of the shape is not
// the record.
func recordColumns(in plugins.Shape) []plugins.Path {
	if in.Format != "" {
		return in.Set
	}
	var paths []plugins.Path
	for _, f := range in.Type.Fields {
		paths = append(paths, plugins.JoinPath(f.Name))
	}
	return paths
}

func (c *compiler) sink(s *graph.Stage, in plugins.Shape, have columns) (link, error) {
	base, err := c.base(s, in)
	if err != nil {
		return nil, err
	}
	actor := c.top.sinks[s.Addr()]
	kind, _ := s.SinkKind(c.top.engine.config.Registry)
	n := &sinkNode{stage: base, payload: s.Format != "", pool: base.pool, queue: actor.queue, headers: kind.Headers}
	n.decode.stage = base
	env := c.top.engine.env(s)
	var reads []plugins.Field
	if s.Key != nil {
		reads = s.Key.Reads()
		n.key = s.Key.Evaluator(env)
	}
	if topic := topicOf(kind, s); topic != nil {
		reads = append(slices.Clone(reads), topic.Reads()...)
		n.topic = topic.Evaluator(env)
	}
	out := in
	if body := bodyOf(kind, s); len(body) > 0 {
		out = plugins.BodyShape(body)
		for _, x := range body {
			reads = append(slices.Clone(reads), x.Expr.Reads()...)
			n.body = append(n.body, bodyField{plugins.JoinPath(x.Name), x.Expr.Evaluator(env)})
		}
	}
	same := len(n.body) == 0 && in.Untouched() && in.Format == s.Format && in.Options.Fingerprint() == s.Options.Fingerprint()
	if s.Format != "" && !same {
		if n.encoder, err = c.encoder(s.Format, plugins.EncoderConfig{Shape: out, Options: s.Options, Topic: kind.FixedTopic(s.Config)}); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Addr(), err)
		}
		if len(n.body) == 0 {
			reads = append(slices.Clone(reads), n.encoder.Needs()...)
		}
	}
	if same && in.Messages && kind.Via == "" {
		n.lines = lines{env.Framing.Line, env.Framing.Terminator}
	}
	n.decode.decoders, _, err = c.decoders(s, in, have, reads)
	return n, err
}

// topicOf returns what says where each record is to go, nil where all go to the
// same place.
func topicOf(kind plugins.SinkKind, s *graph.Stage) plugins.Expr {
	if kind.Topic == "" {
		return nil
	}
	topic := s.Config.Expr(kind.Topic)
	if topic == nil {
		return nil
	}
	if _, same := plugins.ConstantOf(topic); same {
		return nil
	}
	return topic
}

// bodyOf returns what a sink makes of the records, nil where it writes them as
// they are.
func bodyOf(kind plugins.SinkKind, s *graph.Stage) []plugins.NamedExpr {
	return kind.BodyExprs(s.Config)
}

func (c *compiler) encoder(format string, config plugins.EncoderConfig) (plugins.Encoder, error) {
	codec, ok := c.top.engine.config.Registry.Codec(format)
	if !ok {
		return nil, fmt.Errorf("no format %q is registered", format)
	}
	return codec.Encoder(config)
}

// decoders returns what fills in the fields read that are not columns yet, and
// what is known afterwards.
func (c *compiler) decoders(s *graph.Stage, in plugins.Shape, have columns, reads []plugins.Field) ([]plugins.Decoder, columns, error) {
	var missing, removed []plugins.Field
	for _, f := range reads {
		known := in.IsColumn(f.Name) || slices.Contains(have.decoded, f.Name) ||
			slices.ContainsFunc(missing, func(m plugins.Field) bool { return m.Name == f.Name })
		switch {
		case known || plugins.IsLocal(f.Name):
		case in.IsRemoved(f.Name):
			removed = append(removed, f)
		default:
			missing = append(missing, f)
		}
	}
	var decoders []plugins.Decoder
	if len(removed) > 0 {
		decoders = append(decoders, &nulls{fields: removed, columns: make([]plugins.Column, len(removed))})
	}
	if len(missing) == 0 {
		return decoders, have, nil
	}
	codec, ok := c.top.engine.config.Registry.Codec(in.Format)
	if !ok {
		return nil, have, fmt.Errorf("%s: no format %q is registered", s.Addr(), in.Format)
	}
	d, err := codec.Decoder(plugins.DecoderConfig{Fields: missing, Schema: in.Payload, Options: in.Options})
	if err != nil {
		return nil, have, fmt.Errorf("%s: %w", s.Addr(), err)
	}
	have.decoded = slices.Clone(have.decoded)
	for _, f := range missing {
		have.decoded = append(have.decoded, f.Name)
	}
	return append(decoders, d), have, nil
}

// nulls fills in fields that were removed on the way: where several ways meet,
// another may still have them.
type nulls struct {
	fields  []plugins.Field
	columns []plugins.Column
}

// Decode implements [plugins.Decoder].
func (n *nulls) Decode(b *plugins.Batch) {
	for k, f := range n.fields {
		col := &n.columns[k]
		col.Reset(f.Type.Kind, b.Len)
		for _, i := range b.Sel {
			col.SetNull(i)
		}
		b.AddColumn(f.Name, col)
	}
}

// base makes what the nodes of a stage share, its error output included.
func (c *compiler) base(s *graph.Stage, in plugins.Shape) (*stage, error) {
	e := c.top.engine
	b := &stage{
		Stage: s, addr: s.Addr(), pipeline: c.top.graph.Name, counters: e.counter(s.Addr()),
		pool: &e.pool, now: e.config.Now, complain: e.complaint(s.Addr()), letters: new(letters),
	}
	var err error
	if b.errors, err = c.errorLink(s.Addr()); err != nil {
		return nil, err
	}
	if in.Format == "" && b.errors != nil {
		b.letters.record, err = c.encoder("json", plugins.EncoderConfig{Shape: in})
	}
	return b, err
}

// errorLink compiles what takes the error output of a stage. Stages with the
// same takers share it.
func (c *compiler) errorLink(addr string) (link, error) {
	edges := c.top.graph.Consumers(addr, graph.Errors)
	if len(edges) == 0 {
		return nil, nil
	}
	takers := ""
	for _, e := range edges {
		takers += fmt.Sprintf("%s#%d ", e.To.Addr(), e.Input)
	}
	if l, ok := c.made[takers]; ok {
		return l, nil
	}
	l, err := c.links(edges, graph.ErrorShape(), columns{})
	if err == nil {
		c.made[takers] = l
	}
	return l, err
}
