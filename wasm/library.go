package wasm

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/wasm/host"
)

// library knows the modules that the stages of a process name. It is safe for concurrent use: what takes long, such as
// building, reading and compiling a module, keeps nobody from what is known of others.
type library struct {
	cacheDir string
	builds   builds
	loaded   loaded

	mu    sync.Mutex
	known map[string]known // by path, as it was looked at last
	// modules are those of stages, by digest: a stage that runs is the same whatever becomes of its file.
	modules map[string]*host.Description
	copies  copies
}

// known is what is known of the module in a file as it was.
type known struct {
	modified time.Time
	size     int64
	module   *host.Description
}

// describe returns what is known of the module of a stage, without running it. An error is about the
// configuration.
func (l *library) describe(c plugins.Config) (*host.Description, error) {
	if d := l.ofStage(c); d != nil {
		return d, nil
	}
	path, err := l.builds.file(c.String("module"))
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, unreadable(err)
	}
	d := l.lookedAt(path, info, c)
	if d == nil {
		if d, err = l.look(path, info, c); err != nil {
			return nil, err
		}
	}
	return d, checkPin(c, d)
}

// ofStage returns the module of a stage that is known to have no error, nil for one that is new.
func (l *library) ofStage(c plugins.Config) *host.Description {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.modules[read(c.Content("module"), c)]
}

// lookedAt returns the module in a file that has not changed since it was looked at, or nil.
func (l *library) lookedAt(path string, info fs.FileInfo, c plugins.Config) *host.Description {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k, ok := l.known[read(path, c)]; ok && k.modified.Equal(info.ModTime()) && k.size == info.Size() {
		return k.module
	}
	return nil
}

// look reads a file and looks at the module in it.
func (l *library) look(path string, info fs.FileInfo, c plugins.Config) (*host.Description, error) {
	data, err := Read(path)
	if err != nil {
		return nil, unreadable(err)
	}
	d, err := Inspect(data, c.String("abi"))
	if err != nil {
		return nil, unusable(data, c, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil {
		l.known = map[string]known{}
	}
	l.known[read(path, c)] = known{info.ModTime(), info.Size(), d}
	l.copies.keep(d.Digest, data)
	return d, nil
}

// keep keeps the module of a stage that has no error: from now on it is that one.
func (l *library) keep(c plugins.Config, d *host.Description) (contents map[string]string) {
	digest := hex.EncodeToString(d.Digest[:])
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.modules == nil {
		l.modules = map[string]*host.Description{}
	}
	l.modules[read(digest, c)] = d
	l.copies.of(d.Digest)
	return map[string]string{"module": digest}
}

// read is a module as a stage reads it: a path or digest, and what it takes it for.
func read(module string, c plugins.Config) string { return c.String("abi") + " " + module }

func unreadable(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return plugins.ConfigErrorf("module", "there is no such file: build the module, or correct the path: %v", err)
	}
	return plugins.ConfigErrorf("module", "it cannot be read: %v", err)
}

// unusable says why a module that is not of the stage's interface is not: it may be of another one.
func unusable(data []byte, c plugins.Config, err error) error {
	if c.Has("abi") {
		if _, other := Inspect(data, ""); other == nil {
			return plugins.ConfigErrorf("abi", "%s is not of that interface, but of another: remove abi, or correct it: %v", c.String("module"), err)
		}
	}
	return plugins.ConfigErrorf("module", "%s cannot be used: %v", c.String("module"), err)
}

// checkPin compares the module with the one that the stage wants.
func checkPin(c plugins.Config, d *host.Description) error {
	want := strings.TrimPrefix(c.String("sha256"), "sha256:")
	if got := hex.EncodeToString(d.Digest[:]); want != "" && !strings.EqualFold(got, want) {
		if bytes, err := hex.DecodeString(want); err != nil || len(bytes) != len(d.Digest) {
			return plugins.ConfigErrorf("sha256", "%q is no digest: write 64 hexadecimal digits; the module has %s", want, got)
		}
		return plugins.ConfigErrorf("sha256", "the module is another one, it has %s: use the one that was meant, or look at what has changed and pin this one", got)
	}
	return nil
}

// bytes returns the module of a plan, as it was when it was described, or where that is not kept any more, as it is.
func (l *library) bytes(p *plan) ([]byte, error) {
	l.mu.Lock()
	data := l.copies.of(p.module.Digest)
	l.mu.Unlock()
	if data != nil {
		return data, nil
	}
	path, err := l.builds.file(p.path)
	if err != nil {
		return nil, err
	}
	return Read(path)
}

// lend returns the module of a stage, compiled. Who asks waits for that no longer than until the process is to end.
func (l *library) lend(ctx context.Context, p *plan, logger *slog.Logger) (*lease, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if until := l.builds.config.Context; until != nil {
		defer context.AfterFunc(until, func() { cancel(fmt.Errorf("%s is not compiled, because the process is to end", p.path)) })()
	}
	return l.loaded.lend(ctx, p.key(), func() (*host.Module, error) { return l.load(context.WithoutCancel(ctx), p, logger) })
}

// load compiles the module of a stage, which is to be the one that was described. Where compiled modules cannot be
// kept, it is compiled all the same.
func (l *library) load(ctx context.Context, p *plan, logger *slog.Logger) (*host.Module, error) {
	data, err := l.bytes(p)
	if err != nil {
		return nil, fmt.Errorf("read the module: %w", err)
	}
	m, err := host.Load(ctx, data, host.Config{Limits: p.limits, Grants: p.grants, Interface: p.module.Interface, CacheDir: l.cacheDir})
	if err != nil && l.cacheDir != "" && !errors.Is(err, host.ErrSlow) {
		kept := err
		if m, err = host.Load(ctx, data, host.Config{Limits: p.limits, Grants: p.grants, Interface: p.module.Interface}); err == nil {
			logger.Warn("the compiled module is not kept, so that each start compiles it", "error", kept)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", p.path, err)
	}
	if m.Digest != p.module.Digest {
		_ = m.Close(ctx) // it is not used
		return nil, fmt.Errorf("load %s: the file was replaced after the pipeline was built: start it again", p.path)
	}
	return m, nil
}
