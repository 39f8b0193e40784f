package nats

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/onstream/onstream/connectors"
)

var _ connectors.Private = (*connection)(nil)

// Private implements [connectors.Private]. What an embedded server has on disk, others get at
// while it does not run.
func (c *connection) Private() error {
	o := c.options
	kept := o.stream.storage != jetstream.MemoryStorage
	if len(o.servers) > 0 || kept && cmp.Or(o.storeDir, c.env.Dir) != "" {
		return nil
	}
	remedy := "give the connector listen, and name that address with servers in a connector of its own"
	if o.listen != "" {
		remedy = fmt.Sprintf("connect to it with servers = [%q] in a connector of its own", "nats://"+connectors.DialAddress(o.listen))
	}
	if kept {
		remedy += "; or, while the pipeline is stopped, name the folder that it runs with, --state DIR"
	}
	return errors.New("the server is inside the process that runs the pipeline: " + remedy)
}
