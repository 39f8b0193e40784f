package mqtt

import (
	"fmt"
	"net"

	"github.com/onstream/onstream/plugins"
)

// anybody says that everybody who reaches an embedded broker is let in, where others than this machine reach
// it; "" where that is not so.
func anybody(c plugins.Config) string {
	e := c.Block("embedded")
	if !e.Bool("anonymous") || e.Block("tls").Has("client_ca_file") {
		return ""
	}
	for _, name := range []string{"listen", "websocket"} {
		host, _, err := net.SplitHostPort(e.String(name))
		if ip := net.ParseIP(host); err == nil && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return fmt.Sprintf("; everybody who reaches the embedded broker at %s may publish to and read all its topics (add users and leave anonymous out, or set client_ca_file of its tls)", e.String(name))
		}
	}
	return ""
}
