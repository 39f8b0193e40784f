package remote

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// configured is what a plugin says of a stage.
type configured struct {
	capabilities plugins.Capabilities
	outputs      []plugins.Output
	fields       [][]plugins.Field // of outputs: those that the stage adds
	from         []pb.Output_From  // of outputs
	description  plugins.Description
	found        plugins.Type
}

// configurations are the answers to former questions. Stages are asked about again and again: by validate, by plan, at each reload and checkpoint.
// The zero value is ready. It is safe for concurrent use.
type configurations struct {
	mu      sync.Mutex
	replies map[[sha256.Size]byte]*pb.ConfigureReply
	last    map[[sha256.Size]byte]plugins.Description // by kind and configuration
}

// maxConfigurations bounds how many are kept.
const maxConfigurations = 1024

func (c *configurations) get(of [sha256.Size]byte) *pb.ConfigureReply {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.replies[of]
}

func (c *configurations) put(of [sha256.Size]byte, r *pb.ConfigureReply) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.replies == nil || len(c.replies) >= maxConfigurations {
		c.replies = map[[sha256.Size]byte]*pb.ConfigureReply{}
	}
	c.replies[of] = r
}

// describe remembers what the plugin has said of a transform, whatever its input is.
func (c *configurations) describe(k *kind, config plugins.Config, d plugins.Description) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil || len(c.last) >= maxConfigurations {
		c.last = map[[sha256.Size]byte]plugins.Description{}
	}
	c.last[blockOf(k, config)] = d
}

func (c *configurations) description(k *kind, config plugins.Config) (plugins.Description, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d, ok := c.last[blockOf(k, config)]
	return d, ok
}

func blockOf(k *kind, c plugins.Config) [sha256.Size]byte {
	return sha256.Sum256([]byte(k.name + "\n" + c.Fingerprint()))
}

// message returns what the plugin is told of a stage, and the expressions that are evaluated for it.
func (k *kind) message(c plugins.Config, env plugins.Env) (*pb.Stage, []plugins.NamedExpr, error) {
	k.hideSecrets(c)
	var engine []string
	if k.role == pb.Role_SINK {
		engine = []string{"key", k.topic, k.body}
	}
	config, columns, err := wire.FromConfig(c, k.schema, engine...)
	if err != nil {
		return nil, nil, fmt.Errorf("tell plugin %s what the block says: %w", k.plugin.config.Name, err)
	}
	s := &pb.Stage{Role: k.role, Kind: k.own, Address: env.Stage, Pipeline: env.Pipeline, Config: config, Terminator: string(env.Framing.Terminator)}
	if k.payload {
		s.Payload = wire.FromShape(c.Payload())
	}
	return s, columns, nil
}

// configure asks the plugin about a stage, for an input where it is a transform. What it finds wrong with the block are [plugins.ConfigError]s.
func (k *kind) configure(c plugins.Config, in *plugins.Shape) (*configured, error) {
	stage, _, err := k.message(c, plugins.Env{})
	if err != nil {
		return nil, err
	}
	request := &pb.ConfigureRequest{Stage: stage}
	if in != nil {
		request.Input = wire.FromShape(*in)
	}
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("tell plugin %s what the block says: %w", k.plugin.config.Name, err)
	}
	if len(text) > wire.MaxMessage {
		return nil, plugins.ConfigErrorf("", "the block is larger than the %d MiB that a plugin can be told at once", wire.MaxMessage>>20)
	}
	key := sha256.Sum256(text)
	reply := k.plugin.known.get(key)
	if reply == nil {
		if reply, err = k.plugin.askConfigure(request); err != nil {
			return nil, plugins.ConfigErrorf("", "%v", err)
		}
		k.plugin.known.put(key, reply)
	}
	return k.read(reply, c, in)
}

// askConfigure asks, and once more where the process has crashed, as it may have because of something else.
func (p *Plugin) askConfigure(request *pb.ConfigureRequest) (*pb.ConfigureReply, error) {
	ctx := context.Background() // bounded below
	for try := 1; ; try++ {
		w, err := p.supervisor.get(ctx)
		if err != nil {
			return nil, err
		}
		limit := p.config.Limits.Timeout
		within, cancel := context.WithTimeout(ctx, limit)
		reply, err := w.client.Configure(within, request)
		cancel()
		if err == nil {
			return reply, nil
		}
		if status.Code(err) == codes.DeadlineExceeded {
			w.process.Kill(fmt.Sprintf("it has not said within %v (limits.timeout) what it thinks of a block", limit))
		}
		err = w.lost(ctx, "call of Configure", err)
		var crashed *crash
		if try > 1 || !errors.As(err, &crashed) {
			return nil, err
		}
	}
}

// read checks an answer.
func (k *kind) read(r *pb.ConfigureReply, c plugins.Config, in *plugins.Shape) (*configured, error) {
	p := k.plugin
	if err := wire.ToConfigError(r.GetProblems()); err != nil {
		return nil, p.cleanConfigError(err)
	}
	wrong := func(err error) error {
		return plugins.ConfigErrorf("", "plugin %s does not keep to the protocol: what it says of a %s %s: %s; tell its author", p.config.Name, roleName(k.role), k.name, p.hide.Clean(err.Error()))
	}
	known := &configured{capabilities: wire.ToCapabilities(r.GetCapabilities())}
	known.capabilities.Weakens = p.hide.Clean(known.capabilities.Weakens)
	known.description.Volatile = r.GetVolatile()
	if len(r.GetRemarks()) > wire.MaxRemarks {
		return nil, wrong(fmt.Errorf("it has %d remarks: %d are the most", len(r.GetRemarks()), wire.MaxRemarks))
	}
	for _, text := range r.GetRemarks() {
		known.description.Remarks = append(known.description.Remarks, p.hide.Clean(wire.Clip(text, wire.MaxName)))
	}
	var err error
	switch {
	case k.role == pb.Role_LOOKUP:
		if known.found, err = wire.ToType(r.GetFound()); err == nil && known.found.Kind != plugins.Record && known.found.Kind != plugins.Any {
			err = fmt.Errorf("what it finds is of type %s, and is to be a record", known.found)
		}
	case k.role == pb.Role_TRANSFORM && in != nil:
		err = known.readOutputs(r, k, c, *in)
	case k.role == pb.Role_SOURCE && !k.payload:
		if len(r.GetOutputs()) != 1 || r.GetOutputs()[0].GetFrom() != pb.Output_COLUMNS {
			err = errors.New("a source without payloads has one output, of columns")
			break
		}
		err = known.readOutputs(r, k, c, plugins.Shape{})
	}
	if err != nil {
		return nil, wrong(err)
	}
	if k.role == pb.Role_TRANSFORM {
		p.known.describe(k, c, known.description)
	}
	return known, nil
}

func (known *configured) readOutputs(r *pb.ConfigureReply, k *kind, c plugins.Config, in plugins.Shape) (err error) {
	var payload *plugins.Shape
	if k.payload {
		s := c.Payload()
		payload = &s
	}
	if known.outputs, err = wire.ToOutputs(r.GetOutputs(), in, payload); err != nil {
		return err
	}
	for _, o := range r.GetOutputs() {
		fields, err := wire.ToFields(o.GetFields())
		if err != nil {
			return err
		}
		known.fields, known.from = append(known.fields, fields), append(known.from, o.GetFrom())
	}
	return nil
}

// cleanConfigError takes secrets out of what a plugin finds wrong, and keeps the paths.
func (p *Plugin) cleanConfigError(err error) error {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		var errs []error
		for _, err := range all.Unwrap() {
			errs = append(errs, p.cleanConfigError(err))
		}
		return errors.Join(errs...)
	}
	var at *plugins.ConfigError
	if errors.As(err, &at) {
		return &plugins.ConfigError{Path: p.hide.Clean(at.Path), Msg: p.hide.Clean(at.Msg)}
	}
	return errors.New(p.hide.Clean(err.Error()))
}
