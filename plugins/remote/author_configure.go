package remote

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// Configure implements pb.PluginServer.
func (a *author) Configure(_ context.Context, r *pb.ConfigureRequest) (*pb.ConfigureReply, error) {
	p := r.GetStage()
	c, err := a.config(p)
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	var reply *pb.ConfigureReply
	err = guard(a.log, roleName(p.GetRole())+" "+p.GetKind(), func() (err error) {
		switch p.GetRole() {
		case pb.Role_SOURCE:
			k, _ := a.registry.Source(p.GetKind())
			reply, err = configureSource(k, c)
		case pb.Role_TRANSFORM:
			k, _ := a.registry.Transform(p.GetKind())
			var in plugins.Shape
			if in, err = wire.ToShape(r.GetInput()); err == nil {
				reply, err = configureTransform(k, c, in)
			}
		case pb.Role_SINK:
			k, _ := a.registry.Sink(p.GetKind())
			reply, err = configureSink(k, c)
		default:
			k, _ := a.registry.Lookup(p.GetKind())
			reply, err = configureLookup(k, c)
		}
		return err
	})
	if err != nil {
		return &pb.ConfigureReply{Problems: wire.FromConfigError(err)}, nil
	}
	return reply, nil
}

func configureSource(k plugins.SourceKind, c plugins.Config) (*pb.ConfigureReply, error) {
	if k.Check != nil {
		if err := k.Check(c); err != nil {
			return nil, err
		}
	}
	reply := &pb.ConfigureReply{}
	if k.Capabilities != nil {
		can := k.Capabilities(c)
		if can.Shares {
			return nil, plugins.ConfigErrorf("", "source %s divides its partitions among the members of a group (Shares), which a plugin cannot", k.Name)
		}
		reply.Capabilities = wire.FromCapabilities(can)
	}
	if k.Payload {
		return reply, nil
	}
	s, err := k.Output(c)
	if err != nil {
		return nil, err
	}
	reply.Outputs = []*pb.Output{{From: pb.Output_COLUMNS, Fields: wire.FromFields(s.Type.Fields)}}
	return reply, nil
}

func configureTransform(k plugins.TransformKind, c plugins.Config, in plugins.Shape) (*pb.ConfigureReply, error) {
	outs, err := outputs(k, c, in)
	if err != nil {
		return nil, err
	}
	reply := &pb.ConfigureReply{}
	if reply.Outputs, err = wire.FromOutputs(in, outs, c.Payload().Format); err != nil {
		return nil, err
	}
	d := k.Description(c)
	if d.State != "" {
		return nil, plugins.ConfigErrorf("", "transform %s keeps something per key, which a plugin cannot", k.Name)
	}
	reply.Volatile, reply.Remarks = d.Volatile, d.Remarks
	return reply, nil
}

// outputs returns the outputs of a transform for an input.
func outputs(k plugins.TransformKind, c plugins.Config, in plugins.Shape) ([]plugins.Output, error) {
	if k.Outputs == nil {
		return []plugins.Output{{Shape: in}}, nil
	}
	return k.Outputs(in, c)
}

func configureSink(k plugins.SinkKind, c plugins.Config) (*pb.ConfigureReply, error) {
	if k.Check != nil {
		if err := k.Check(c); err != nil {
			return nil, err
		}
	}
	reply := &pb.ConfigureReply{FixedTopic: k.FixedTopic(c)}
	if k.Capabilities != nil {
		can := k.Capabilities(c)
		if can.Transactions {
			return nil, plugins.ConfigErrorf("", "sink %s writes in transactions (Transactions), which a plugin cannot", k.Name)
		}
		reply.Capabilities = wire.FromCapabilities(can)
	}
	return reply, nil
}

func configureLookup(k plugins.LookupKind, c plugins.Config) (*pb.ConfigureReply, error) {
	if k.Type == nil {
		return &pb.ConfigureReply{}, nil
	}
	t, err := k.Type(c)
	if err != nil {
		return nil, err
	}
	return &pb.ConfigureReply{Found: wire.FromType(t)}, nil
}

// config returns the configuration of a stage, whose kind is one of the registry.
func (a *author) config(p *pb.Stage) (none plugins.Config, err error) {
	schema, payload, known := plugins.Schema{}, false, false
	switch p.GetRole() {
	case pb.Role_SOURCE:
		var k plugins.SourceKind
		k, known = a.registry.Source(p.GetKind())
		schema, payload = k.Schema, k.Payload
	case pb.Role_TRANSFORM:
		var k plugins.TransformKind
		k, known = a.registry.Transform(p.GetKind())
		schema, payload = k.Schema, k.Payload
	case pb.Role_SINK:
		var k plugins.SinkKind
		k, known = a.registry.Sink(p.GetKind())
		schema, payload = k.Schema, k.Payload
	case pb.Role_LOOKUP:
		var k plugins.LookupKind
		k, known = a.registry.Lookup(p.GetKind())
		schema = k.Schema
	}
	if !known {
		return none, fmt.Errorf("plugin %s has no %s kind %q", a.about.GetName(), roleName(p.GetRole()), p.GetKind())
	}
	c, err := wire.ToConfig(p.GetConfig(), schema)
	if err != nil {
		return none, fmt.Errorf("configuration of %s %s: %w", roleName(p.GetRole()), p.GetKind(), err)
	}
	if payload && p.GetPayload() != nil {
		s, err := wire.ToShape(p.GetPayload())
		if err != nil {
			return none, fmt.Errorf("format of %s %s: %w", roleName(p.GetRole()), p.GetKind(), err)
		}
		s.Generation = 0
		c = c.WithPayload(s)
	}
	return c, nil
}
