package mqtt

import (
	"fmt"

	"github.com/onstream/onstream/connectors"
)

var _ connectors.Private = (*embedded)(nil)

// Private implements [connectors.Private]. A broker that another process starts by the same
// block is another one.
func (e *embedded) Private() error {
	scheme := "mqtt"
	if len(e.own.Blocks("tls")) > 0 {
		scheme = "mqtts"
	}
	return fmt.Errorf("the broker is inside the process that runs the pipeline: connect to it with url = %q in a connector of its own", scheme+"://"+connectors.DialAddress(e.own.String("listen")))
}
