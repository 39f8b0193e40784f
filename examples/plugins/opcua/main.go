// Command onstream-opcua is a plugin with a source that subscribes to nodes of an OPC UA server. As `onstream-opcua simulate` it is such a server.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"

	"github.com/onstream/onstream/examples/plugins/opcua/simulator"
)

func main() {
	if len(os.Args) < 2 || os.Args[1] != "simulate" {
		os.Exit(serve())
	}
	address := "127.0.0.1:4840"
	if len(os.Args) > 2 {
		address = os.Args[2]
	}
	log.SetOutput(io.Discard) // the library tells there what it reads
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := simulator.Line(ctx, address, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "onstream-opcua:", err)
		os.Exit(1)
	}
}
