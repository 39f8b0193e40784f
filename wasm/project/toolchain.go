package project

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// versionTime is how long a compiler may take to tell its version.
const versionTime = 30 * time.Second

// A toolchain makes modules of projects of one language.
type toolchain interface {
	// version tells all that two builds of the same sources depend on.
	version() string
	// build compiles the project into the file out. The folder work is for what is needed on the way.
	build(ctx context.Context, p *Project, work, out string) error
}

// MissingError says that a compiler is not there, or not all of it.
type MissingError struct {
	Language Language
	What     string // is missing
	Remedy   string
}

// Error tells what is missing, for what, and how to get it.
func (e *MissingError) Error() string {
	return fmt.Sprintf("%s, which is needed to build a behaviour in %s: %s; or build it where it is, with onstream module build, and name the module instead of the folder", e.What, e.Language, e.Remedy)
}

// find returns the toolchain of a project.
func (p *Project) find(ctx context.Context) (toolchain, error) {
	switch p.Language {
	case Go:
		return findGo(ctx, p)
	case Rust:
		return findRust(ctx)
	case AssemblyScript:
		return findAssemblyScript(ctx, p)
	}
	return findC(ctx)
}

// ask runs a compiler for what it tells of itself, without line ends around it.
func ask(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, versionTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = dir, env, time.Second
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}
