package kafka

import (
	"context"
	"net"

	"github.com/onstream/onstream/plugins"
)

// RegisterThroughBootstrap adds the connector kafka whose connections all go to
// its first bootstrap server, so that a relay there sees everything.
func RegisterThroughBootstrap(r *plugins.Registry) error {
	k := kind(nil)
	k.New = func(c plugins.Config, env plugins.Env) (plugins.Connection, error) {
		return newConnection(c, env, func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, c.Strings("bootstrap_servers")[0])
		})
	}
	return r.AddConnector(k)
}
