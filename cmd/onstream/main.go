// Command onstream runs pipelines written in HCL, and checks, explains and tests
// them. It is the only place that wires the packages together.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	_ "time/tzdata" // time zones where the system has none, as in bare containers
)

// version is set by the linker.
var version = "dev"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.LookupEnv))
}

// run is the whole program: it returns the exit code and touches nothing of
// the process but its signals.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer, lookupEnv func(string) (string, bool)) int {
	c := &cli{stdin: stdin, stdout: stdout, stderr: stderr, lookupEnv: lookupEnv}
	root := newRoot(c)
	root.SetArgs(args)
	err := root.Execute()
	if err == nil {
		return exitSuccess
	}
	var e *exitError
	if !errors.As(err, &e) {
		// What is not ours is cobra's: wrong usage.
		e = &exitError{exitInvalid, fmt.Errorf("%w\nsee onstream --help", err)}
	}
	if e.err != nil {
		fmt.Fprintf(stderr, "onstream: %v\n", e.err)
	}
	return e.code
}
