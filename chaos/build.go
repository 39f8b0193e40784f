package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// build builds the engine with its fault points into a folder.
func build(ctx context.Context, dir string) (binary string, err error) {
	binary = filepath.Join(dir, "onstream")
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", "chaos", "-o", binary, "github.com/onstream/onstream/cmd/onstream")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the engine: %w\n%s", err, said)
	}
	return binary, nil
}
