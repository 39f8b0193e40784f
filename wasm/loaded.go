package wasm

import (
	"context"
	"errors"
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
	users  int
	done   chan struct{} // closed when it is compiled, and the others are known
	module *host.Module
	err    error
}

// lease is the use of a module, to be closed.
type lease struct {
	*host.Module
	of   *loadedModule
	from *loaded
	key  string
}

// lend returns the module of a key, which load makes where there is none. Who has asked first may go before it is made;
// it is made for the others, and closed where there are none.
func (l *loaded) lend(ctx context.Context, key string, load func() (*host.Module, error)) (*lease, error) {
	m := l.join(key, load)
	select {
	case <-m.done:
	case <-ctx.Done():
		return nil, errors.Join(context.Cause(ctx), l.leave(context.WithoutCancel(ctx), key, m))
	}
	if m.err != nil {
		return nil, m.err
	}
	return &lease{m.module, m, l, key}, nil
}

// join adds a user to the module of a key.
func (l *loaded) join(key string, load func() (*host.Module, error)) *loadedModule {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.modules[key]
	if m == nil {
		if l.modules == nil {
			l.modules = map[string]*loadedModule{}
		}
		m = &loadedModule{done: make(chan struct{})}
		l.modules[key] = m
		go l.make(key, m, load)
	}
	m.users++
	return m
}

// make compiles a module.
func (l *loaded) make(key string, m *loadedModule, load func() (*host.Module, error)) {
	module, err := load()
	l.mu.Lock()
	m.module, m.err = module, err
	unused := m.users == 0
	if err != nil || unused {
		delete(l.modules, key)
	}
	close(m.done)
	l.mu.Unlock()
	if err == nil && unused {
		_ = module.Close(context.Background()) // nobody has waited for it
	}
}

// leave takes a user from a module: with the last one it goes.
func (l *loaded) leave(ctx context.Context, key string, m *loadedModule) error {
	l.mu.Lock()
	m.users--
	unused := m.users == 0 && m.module != nil
	if unused {
		delete(l.modules, key)
	}
	l.mu.Unlock()
	if unused {
		return m.module.Close(ctx)
	}
	return nil
}

// Close implements [plugins.Closer].
func (l *lease) Close(ctx context.Context) error { return l.from.leave(ctx, l.key, l.of) }

// key is equal for stages whose modules are compiled alike.
func (p *plan) key() string {
	return fmt.Sprintf("%x %p %+v %q", p.module.Digest, p.module.Interface, p.limits, p.grants)
}
