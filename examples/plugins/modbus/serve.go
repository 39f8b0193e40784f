package main

import (
	"fmt"
	"os"

	"github.com/onstream/onstream/examples/plugins/modbus/modbus"
	"github.com/onstream/onstream/plugins"
)

// serve offers the kind to the onstream that started this program.
func serve() {
	var r plugins.Registry
	if err := modbus.Register(&r); err != nil {
		fmt.Fprintln(os.Stderr, "onstream-modbus:", err)
		os.Exit(1)
	}
	// remote.Serve goes here.
	fmt.Fprintln(os.Stderr, "onstream-modbus: this is a plugin: it is started by onstream, as a block plugin \"modbus\" says; try: onstream-modbus simulate")
	os.Exit(2)
}
