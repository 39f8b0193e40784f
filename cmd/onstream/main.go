// Command onstream runs pipelines written in HCL, and checks, explains and tests
// them: package cli with the built-in kinds.
package main

import (
	"os"

	"github.com/onstream/onstream/cli"
)

// version is set by the linker.
var version = "dev"

func main() { os.Exit(cli.Main(cli.Config{Version: version})) }
