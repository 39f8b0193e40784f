package main

import (
	"fmt"
	"os"

	"github.com/onstream/onstream/examples/plugins/opcua/opcua"
	"github.com/onstream/onstream/plugins"
)

// serve offers the kind to the onstream that started this program.
func serve() {
	var r plugins.Registry
	if err := opcua.Register(&r); err != nil {
		fmt.Fprintln(os.Stderr, "onstream-opcua:", err)
		os.Exit(1)
	}
	// remote.Serve goes here.
	fmt.Fprintln(os.Stderr, "onstream-opcua: this is a plugin: it is started by onstream, as a block plugin \"opcua\" says; try: onstream-opcua simulate")
	os.Exit(2)
}
