package mqtt

import "github.com/onstream/onstream/connectors"

// Connected reports whether an embedded broker takes a device for connected. It does so for a
// moment after the device has seen the end of its connection.
func Connected(bus connectors.Bus, id string) bool {
	b := bus.(*embedded)
	b.mu.Lock()
	defer b.mu.Unlock()
	cl, known := b.server.Clients.Get(id)
	return known && !cl.Closed()
}
