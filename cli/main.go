package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	_ "time/tzdata" // time zones where the system has none, as in bare containers

	"github.com/onstream/onstream/plugins"
)

// Config is what a program may add to the command line.
type Config struct {
	// Name is what the program is called, in its help and in front of its errors;
	// "onstream".
	Name string
	// Version is what the command version prints; "dev".
	Version string
	// Register adds kinds to those that are built in, for all commands. It is
	// called once for each registry, before that is read; nil adds nothing.
	Register func(*plugins.Registry) error
}

// Main is a whole program: it does what the arguments of the process ask for, and
// returns the exit code. It may be called once.
func Main(c Config) int {
	return run(c, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.LookupEnv)
}

// run is Main for any process: it touches nothing of its own but the signals.
func run(config Config, args []string, stdin io.Reader, stdout, stderr io.Writer, lookupEnv func(string) (string, bool)) int {
	config.Name = cmp.Or(config.Name, "onstream")
	if config.Version == "" {
		config.Version = "dev"
	}
	c := &cli{config: config, stdin: stdin, stdout: stdout, stderr: stderr, lookupEnv: lookupEnv}
	root := newRoot(c)
	root.SetArgs(args)
	cmd, err := root.ExecuteC()
	for _, err := range c.processes.finish() {
		fmt.Fprintf(stderr, "%s: %v\n", config.Name, err)
	}
	if err := c.unkept.remove(); err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", config.Name, err)
	}
	if err == nil {
		return exitSuccess
	}
	var e *exitError
	if !errors.As(err, &e) {
		// What is not ours is cobra's: wrong usage.
		e = &exitError{exitInvalid, fmt.Errorf("%w\nsee %s --help", err, cmd.CommandPath())}
	}
	if e.err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", config.Name, e.err)
	}
	return e.code
}
