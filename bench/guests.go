package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/onstream/onstream/wasm/project"
)

// guest is a behaviour among bench/guests.
type guest struct {
	folder string
	module string // the file that was built of it; "" where its compiler is missing
}

// build builds it. A compiler that is not there is told, and leaves the guest out.
func (b *bench) build(ctx context.Context, folder string) (guest, error) {
	b.progress("P4: building %s", folder)
	g := guest{folder: folder}
	out := b.path("guest-" + folder + ".wasm")
	err := project.Build(ctx, filepath.Join(b.guests, folder), out)
	var missing *project.MissingError
	switch {
	case errors.As(err, &missing):
		fmt.Fprintf(b.stdout, "\nP4: without the guest %s: %v\n", folder, err)
	case err != nil:
		return g, fmt.Errorf("build the guest %s: %w", folder, err)
	default:
		g.module = out
	}
	return g, nil
}

// read returns the module.
func (g guest) read() ([]byte, error) { return os.ReadFile(g.module) }
