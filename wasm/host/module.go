package host

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/meter"
)

// steps is how many steps a guest takes between two looks at the clock: about 0.1 ms of short loops, and some milliseconds of the
// longest code that counts for so many.
const steps = 50_000

// maxStack is how many values of 8 bytes there may be on the stack of a guest. What it needs to grow, in steps of twice as
// much, is copied in one go, in which nothing else runs: 8 MB take a few milliseconds. Functions that are as unfavourable as can
// be take up to four times as much.
const maxStack = 1 << 20

// bounds are what a function may have: with as much of one of them as there may be, the compiler takes some seconds for it and at
// most 150 MB, and with a few times as much it does not come to an end. By far the largest functions of compilers have 14,000
// instructions, 60 loops, 1,000 blocks, 1,400 branches and 300 calls; they have 17 locals in Go, and 800, with a spread of 114,000,
// in C that is not optimized.
func bounds() meter.Bounds {
	return meter.Bounds{
		Instructions: 100_000, Loops: 2000, Blocks: 10_000, Branches: 4000, Bulk: 1000, Calls: 50_000, Spread: 300_000, Nested: 50_000,
	}
}

// ErrSlow says that a module takes too long to compile.
var ErrSlow = errors.New("it takes more")

// compileTime is how long it takes to compile a module at most.
const compileTime = slowness * time.Minute

// maxTable is how many entries the table of a module may grow to.
const maxTable = 100_000

// Config says how modules are compiled and what they may use.
type Config struct {
	Limits Limits
	// Grants are what the module may do besides, see [manifest.CheckGrant].
	Grants []string
	// CacheDir is where compiled modules are kept, by their digest, in a folder "compiled"; "" for nowhere. It is made, for its
	// owner alone. When another module is compiled, what was not used for long goes, as [SweepFolder] has it.
	CacheDir string
	// CompileTime is how long compiling may take; a minute. It is looked at between two functions.
	CompileTime time.Duration
	// Interface is what the module was written for, nil for onstream_v1.
	Interface *Interface
}

// Module is a module that is compiled. It is safe for concurrent use.
type Module struct {
	*Description
	config   Config
	granted  *granted
	memories memories
	runtime  wazero.Runtime
	cache    wazero.CompilationCache
	compiled wazero.CompiledModule
}

// Load compiles a module.
func Load(ctx context.Context, data []byte, c Config) (*Module, error) {
	d, decoded, err := inspect(data, func(*binary.Module) *Interface { return c.Interface })
	if err != nil {
		return nil, err
	}
	metered, err := meter.Rewrite(decoded, meter.Config{
		Module: meterModule, Name: meterTick, Steps: steps, Stack: maxStack, Pages: c.Limits.pages(), Entries: maxTable,
		Bounds: bounds(),
	})
	if err != nil {
		var large *meter.TooLargeError
		if errors.As(err, &large) {
			err = fmt.Errorf("%w: raise limits.memory, or build it with less", err)
		}
		return nil, err
	}
	m := &Module{Description: d, config: c, granted: newGranted(c.Grants)}
	if err := m.compile(ctx, metered); err != nil {
		_ = m.Close(ctx) // it was of no use
		return nil, err
	}
	return m, nil
}

func (m *Module) compile(ctx context.Context, metered []byte) (err error) {
	c := wazero.NewRuntimeConfig().WithCoreFeatures(api.CoreFeaturesV2).WithMemoryLimitPages(max(1, m.config.Limits.pages()))
	var kept *kept
	if dir := m.config.CacheDir; dir != "" {
		if kept, err = openKept(dir, metered); err != nil {
			return err
		}
		if m.cache, err = wazero.NewCompilationCacheWithDir(kept.dir); err != nil {
			return fmt.Errorf("keep compiled modules: %w", err)
		}
		c = c.WithCompilationCache(m.cache)
	}
	m.runtime = wazero.NewRuntimeWithConfig(ctx, c)
	if err := provide(ctx, m.runtime, m.config.Interface); err != nil {
		return fmt.Errorf("provide the functions of the host: %w", err)
	}
	limit := m.config.CompileTime
	if limit == 0 {
		limit = compileTime
	}
	ctx, cancel := context.WithTimeout(experimental.WithCompilationWorkers(ctx, workers()), limit)
	defer cancel()
	m.compiled, err = m.runtime.CompileModule(ctx, metered)
	if err == nil {
		err = ctx.Err() // at which one worker does not look
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w than %v to compile it: build a smaller one", ErrSlow, limit)
	case err != nil:
		return fmt.Errorf("compile it: %w", err)
	case kept != nil:
		return kept.seal()
	}
	return nil
}

// workers is how many goroutines compile: one, so that a pipeline that runs is not kept from it where there are few
// processors, two where there are enough.
func workers() int {
	if runtime.GOMAXPROCS(0) > 2 {
		return 2
	}
	return 1
}

// Close frees what the module and its instances have.
func (m *Module) Close(ctx context.Context) error {
	m.granted.client.CloseIdleConnections()
	if m.runtime != nil {
		if err := m.runtime.Close(ctx); err != nil {
			return fmt.Errorf("close a module: %w", err)
		}
	}
	m.memories.close()
	if m.cache != nil {
		if err := m.cache.Close(ctx); err != nil {
			return fmt.Errorf("close the compiled modules: %w", err)
		}
	}
	return nil
}
