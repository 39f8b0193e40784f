package remote

import (
	"context"
	"errors"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/onstream/onstream/plugins/remote/pb"
)

// Version is the version of the protocol between the two processes.
const Version = 1

// service is what the plugin is called in go-plugin's set, of which it is the only one.
const service = "plugin"

// Cookie is the variable by which a program knows that a host has started it, and what its value is.
const (
	Cookie      = "ONSTREAM_PLUGIN"
	CookieValue = "onstream.plugin.v1"
)

func handshake() plugin.HandshakeConfig {
	return plugin.HandshakeConfig{ProtocolVersion: Version, MagicCookieKey: Cookie, MagicCookieValue: CookieValue}
}

// versions is go-plugin's sets by version of the protocol. The server is that of the author's half, nil in a host, where what is dispensed is a
// pb.PluginClient.
func versions(server pb.PluginServer) map[int]plugin.PluginSet {
	return map[int]plugin.PluginSet{Version: {service: &half{server: server}}}
}

// half is one of the two ends, as go-plugin has it.
type half struct {
	plugin.NetRPCUnsupportedPlugin
	server pb.PluginServer
}

var _ plugin.GRPCPlugin = (*half)(nil)

func (h *half) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	if h.server == nil {
		return errors.New("this half has no kinds to serve")
	}
	pb.RegisterPluginServer(s, h.server)
	return nil
}

func (h *half) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return pb.NewPluginClient(c), nil
}
