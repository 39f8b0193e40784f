package project

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// compileTime is how long a compiler may take.
const compileTime = 5 * time.Minute

// What is shown of what a compiler says.
const (
	maxSaid  = 64 << 10 // bytes
	maxLines = 40
)

// CompileError is what a compiler has said of the sources.
type CompileError struct {
	Dir  string
	Said string
}

// Error returns the first lines of it.
func (e *CompileError) Error() string {
	return fmt.Sprintf("%s cannot be compiled:\n%s", e.Dir, e.Said)
}

// said keeps the beginning of what a compiler writes.
type said struct{ text []byte }

func (s *said) Write(p []byte) (int, error) {
	s.text = append(s.text, p[:min(len(p), maxSaid-len(s.text))]...)
	return len(p), nil
}

// lines returns the first lines, without the folder for temporary files, whose name says nothing.
func (s *said) lines(work string) string {
	text := strings.TrimSpace(strings.ToValidUTF8(string(s.text), "\uFFFD"))
	text = strings.ReplaceAll(text, work+string(filepath.Separator), "")
	lines := strings.Split(text, "\n")
	if more := len(lines) - maxLines; more > 0 {
		lines = append(lines[:maxLines], fmt.Sprintf("and %d more lines", more))
	}
	return strings.Join(lines, "\n")
}

// compile runs a compiler in a folder.
func (p *Project) compile(ctx context.Context, dir, work string, env []string, name string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, compileTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	// What a compiler has started may hold its output open when it is killed.
	cmd.Dir, cmd.Env, cmd.WaitDelay = dir, env, time.Second
	var out said
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	switch exit := (*exec.ExitError)(nil); {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("compile %s: it takes more than %v", p.Dir, compileTime)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &exit):
		return &CompileError{p.Dir, out.lines(work)}
	}
	return fmt.Errorf("compile %s: %w", p.Dir, err)
}
