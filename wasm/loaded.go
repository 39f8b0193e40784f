package wasm

import (
	"context"
	"fmt"
	"sync"

	"github.com/onstream/onstream/wasm/host"
)

// loaded are the modules that are compiled, each once for all stages that have it with the same limits, and for those
// that take over from them. It is safe for concurrent use.
type loaded struct {
	mu      sync.Mutex
	modules map[string]*loadedModule
}

type loadedModule struct {
	module *host.Module
	users  int
}

// lease is the use of a module, to be closed.
type lease struct {
	*host.Module
	from *loaded
	key  string
}

// lend returns the module of a key, which load makes where there is none.
func (l *loaded) lend(key string, load func() (*host.Module, error)) (*lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.modules[key]
	if m == nil {
		module, err := load()
		if err != nil {
			return nil, err
		}
		if l.modules == nil {
			l.modules = map[string]*loadedModule{}
		}
		m = &loadedModule{module: module}
		l.modules[key] = m
	}
	m.users++
	return &lease{m.module, l, key}, nil
}

// Close implements [plugins.Closer]: with its last user a module goes.
func (l *lease) Close(ctx context.Context) error {
	l.from.mu.Lock()
	defer l.from.mu.Unlock()
	m := l.from.modules[l.key]
	if m.users--; m.users > 0 {
		return nil
	}
	delete(l.from.modules, l.key)
	return m.module.Close(ctx)
}

// key is equal for stages whose modules are compiled alike.
func (p *plan) key() string {
	return fmt.Sprintf("%x %p %+v %q", p.module.Digest, p.module.Interface, p.limits, p.grants)
}
