// Command onstream-modbus is a plugin with a source that polls devices over Modbus TCP. As `onstream-modbus simulate` it is such a device.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/onstream/onstream/examples/plugins/modbus/simulator"
)

func main() {
	if len(os.Args) < 2 || os.Args[1] != "simulate" {
		os.Exit(serve())
	}
	address := "127.0.0.1:5020"
	if len(os.Args) > 2 {
		address = os.Args[2]
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := simulator.Press(ctx, address, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "onstream-modbus:", err)
		os.Exit(1)
	}
}
