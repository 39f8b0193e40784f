package golden

import (
	"context"
	"errors"
	"fmt"

	"github.com/onstream/onstream/wasm"
	"github.com/onstream/onstream/wasm/host"
)

// Config says what is tested.
type Config struct {
	// Module is the file with the module.
	Module string
	// CacheDir is where compiled modules are kept, "" for nowhere.
	CacheDir string
}

// maxMismatches is how many mismatches are found.
const maxMismatches = 20

// Run runs the rows of a file against a module, and returns where it makes something else. An error says that the
// module or the rows are of no use: that the module cannot be opened, or that a name is not one of its.
func Run(ctx context.Context, c Config, f *File) (found []Mismatch, err error) {
	d, err := describe(c.Module, f.abi)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Module, err)
	}
	s, err := newStage(c, f, d)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	if err := s.start(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	for i := range f.steps {
		step := &f.steps[i]
		if err := s.do(ctx, step); err != nil {
			return found, fmt.Errorf("%s: step %d%s: %w", f.name, step.number, step.about(), err)
		}
		differ, err := s.compare(step)
		if err != nil {
			return found, fmt.Errorf("%s: step %d%s: %w", f.name, step.number, step.about(), err)
		}
		if found = append(found, differ...); len(found) >= maxMismatches {
			return found[:maxMismatches], nil
		}
		if err := ctx.Err(); err != nil {
			return found, err
		}
	}
	return found, nil
}

func describe(path, abi string) (*host.Description, error) {
	data, err := wasm.Read(path)
	if err != nil {
		return nil, err
	}
	return wasm.Inspect(data, abi)
}
