// Command harness is a plugin that hands records on, and writes them to files. It does what a record asks for, and where it is killed the
// files must tell: nothing that was answered is missing.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote"
)

func main() {
	var r plugins.Registry
	if err := errors.Join(r.AddTransform(pass()), r.AddSink(file())); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(remote.Serve(remote.Serving{Name: "harness", Registry: &r}))
}
