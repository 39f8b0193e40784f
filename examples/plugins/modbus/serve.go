package main

import (
	"fmt"
	"os"

	"github.com/onstream/onstream/examples/plugins/modbus/modbus"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote"
)

// serve offers the kind to the onstream that started this program, and returns the exit code.
func serve() int {
	var r plugins.Registry
	if err := modbus.Register(&r); err != nil {
		fmt.Fprintln(os.Stderr, "onstream-modbus:", err)
		return 1
	}
	return remote.Serve(remote.Serving{Name: "modbus", Version: "1.0.0", Registry: &r})
}
