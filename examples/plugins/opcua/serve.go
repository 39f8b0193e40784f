package main

import (
	"fmt"
	"os"

	"github.com/onstream/onstream/examples/plugins/opcua/opcua"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote"
)

// serve offers the kind to the onstream that started this program, and returns the exit code.
func serve() int {
	var r plugins.Registry
	if err := opcua.Register(&r); err != nil {
		fmt.Fprintln(os.Stderr, "onstream-opcua:", err)
		return 1
	}
	return remote.Serve(remote.Serving{Name: "opcua", Version: "1.0.0", Registry: &r})
}
