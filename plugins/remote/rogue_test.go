//go:build unix

package remote_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/onstream/onstream/plugins/remote"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// rogue is a plugin that speaks the protocol by hand, so that it can say what no library lets one say. What a stage does is what its attribute case says: the
// functions that make it are beside the tests of its role.
type rogue struct {
	pb.UnimplementedPluginServer
	mode string
}

// half serves a rogue with go-plugin.
type rogueHalf struct {
	plugin.NetRPCUnsupportedPlugin
	server *rogue
}

func (h rogueHalf) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	pb.RegisterPluginServer(s, h.server)
	return nil
}

func (rogueHalf) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("this is a plugin")
}

// runRogue is the program of a rogue.
func runRogue(mode string) int {
	const huge = 1 << 30 // what the host must not take
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  plugin.HandshakeConfig{ProtocolVersion: remote.Version, MagicCookieKey: remote.Cookie, MagicCookieValue: remote.CookieValue},
		VersionedPlugins: map[int]plugin.PluginSet{remote.Version: {"plugin": rogueHalf{server: &rogue{mode: mode}}}},
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(opts, grpc.MaxSendMsgSize(huge), grpc.MaxRecvMsgSize(huge))...)
		},
	})
	return 0
}

// caseAttr is the attribute of all kinds of a rogue.
func caseAttr() *pb.Schema {
	return &pb.Schema{Doc: "Is wrong.", Attrs: []*pb.Attr{{Name: "case", Type: pb.AttrType_STRING, Doc: "How."}}}
}

func changeAttrs() *pb.Schema {
	s := caseAttr()
	s.Attrs = append(s.Attrs, &pb.Attr{Name: "at", Type: pb.AttrType_EXPRESSION, Doc: "A number."})
	return s
}

// caseOf returns what a stage is to do wrong.
func caseOf(s *pb.Stage) string {
	for _, x := range s.GetConfig().GetSettings() {
		if x.GetName() == "case" {
			return x.GetString_()
		}
	}
	return ""
}

// Describe implements pb.PluginServer.
func (r *rogue) Describe(_ context.Context, _ *pb.DescribeRequest) (*pb.DescribeReply, error) {
	reply := &pb.DescribeReply{Name: "acme", Version: "1", Kinds: []*pb.Kind{
		{Role: pb.Role_SOURCE, Name: "in", Schema: caseAttr()},
		{Role: pb.Role_TRANSFORM, Name: "change", Schema: changeAttrs()},
		{Role: pb.Role_SINK, Name: "out", Schema: caseAttr(), Payload: true, DefaultFormat: "json"},
		{Role: pb.Role_LOOKUP, Name: "find", Schema: caseAttr()},
	}}
	switch r.mode {
	case "nothing":
		reply.Kinds = nil
	case "name":
		reply.Name = "../acme"
	case "twice":
		reply.Kinds = append(reply.Kinds, reply.Kinds[3])
	case "role":
		reply.Kinds[0].Role = 9
	case "kind":
		reply.Kinds[1].Name = "a\x1b[31mb"
	case "many":
		for len(reply.Kinds) <= 1024 {
			reply.Kinds = append(reply.Kinds, reply.Kinds[0])
		}
	case "huge":
		reply.Version = strings.Repeat("v", 33<<20)
	case "mute":
		time.Sleep(time.Hour) // also when nobody waits any more
	case "refuses":
		return nil, errors.New("not today, " + os.Getenv("TOKEN"))
	case "exits":
		os.Exit(5)
	}
	return reply, nil
}

// Configure implements pb.PluginServer.
func (r *rogue) Configure(_ context.Context, q *pb.ConfigureRequest) (*pb.ConfigureReply, error) {
	n := []*pb.Field{{Name: "n", Type: &pb.Type{Kind: pb.ValueKind_INTEGER}}}
	reply := &pb.ConfigureReply{}
	switch q.GetStage().GetRole() {
	case pb.Role_SOURCE:
		reply.Outputs = []*pb.Output{{From: pb.Output_COLUMNS, Fields: n}}
	case pb.Role_TRANSFORM:
		x := []*pb.Field{{Name: "x", Type: &pb.Type{Kind: pb.ValueKind_INTEGER}}}
		reply.Outputs = []*pb.Output{{From: pb.Output_INPUT, Fields: x}, {Name: "other", From: pb.Output_COLUMNS, Fields: x}}
	}
	switch caseOf(q.GetStage()) {
	case "configure: two outputs":
		reply.Outputs = append(reply.Outputs, &pb.Output{Name: "more", From: pb.Output_COLUMNS, Fields: n})
	case "configure: no output":
		reply.Outputs = nil
	case "configure: output twice":
		reply.Outputs = append(reply.Outputs, reply.Outputs[1])
	case "configure: deep type":
		t := &pb.Type{Kind: pb.ValueKind_LIST}
		for range 100 {
			t = &pb.Type{Kind: pb.ValueKind_LIST, Element: t}
		}
		reply.Outputs[0].Fields = []*pb.Field{{Name: "x", Type: t}}
	case "configure: remarks":
		reply.Remarks = make([]string, 300)
	case "configure: huge":
		reply.Remarks = []string{strings.Repeat("r", 33<<20)}
	case "configure: mute":
		time.Sleep(time.Hour) // also when nobody waits any more
	case "configure: exits":
		os.Exit(6)
	case "configure: problem":
		reply.Problems = []*pb.ConfigProblem{{Path: "case", Message: "no " + os.Getenv("TOKEN") + "\x1b[2J"}}
	}
	return reply, nil
}
