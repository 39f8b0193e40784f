package transforms

import (
	"context"
	"fmt"
	"time"

	"github.com/onstream/onstream/plugins"
)

// maxBackoff is the longest time between two tries of a look-up.
const maxBackoff = 30 * time.Second

// finder asks for all instances of a stage, with bounds on time and on how
// many ask at once.
type finder struct {
	env     plugins.Env
	lookup  plugins.Lookup
	slots   chan struct{} // holds one for each look-up that is under way
	timeout time.Duration
	retries int64
	backoff time.Duration
}

var (
	_ plugins.Opener = (*finder)(nil)
	_ plugins.Closer = (*finder)(nil)
)

func newFinder(c plugins.Config, env plugins.Env) (*finder, error) {
	kind, config := c.Lookup()
	lookup, err := kind.New(config, env)
	if err != nil {
		return nil, err
	}
	return &finder{
		env: env, lookup: lookup, slots: make(chan struct{}, c.Int("concurrency")),
		timeout: c.Duration("timeout"), retries: c.Int("retries"), backoff: c.Duration("backoff"),
	}, nil
}

// Open implements [plugins.Opener].
func (f *finder) Open(ctx context.Context) error {
	if o, ok := f.lookup.(plugins.Opener); ok {
		return o.Open(ctx)
	}
	return nil
}

// Close implements [plugins.Closer].
func (f *finder) Close(ctx context.Context) error {
	if c, ok := f.lookup.(plugins.Closer); ok {
		return c.Close(ctx)
	}
	return nil
}

// version returns what changes when all answers do.
func (f *finder) version() int64 {
	if v, ok := f.lookup.(plugins.Versioned); ok {
		return v.Version()
	}
	return 0
}

// find looks up keys, and tries again what fails. It returns why the last try
// has; found may have been called for some keys then.
func (f *finder) find(ctx context.Context, keys []plugins.Value, found func(i int, record []byte)) error {
	wait := f.backoff
	for try := int64(0); ; try++ {
		err := f.try(ctx, keys, found)
		switch {
		case err == nil || plugins.IsPermanent(err) || ctx.Err() != nil:
			return err
		case try == f.retries && try > 0:
			return fmt.Errorf("after %d tries: %w", try+1, err)
		case try == f.retries:
			return err
		}
		f.env.Logger.Debug("a look-up has failed and is tried again", "error", err, "wait", wait)
		if err := f.env.Wait(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, maxBackoff)
	}
}

func (f *finder) try(ctx context.Context, keys []plugins.Value, found func(i int, record []byte)) error {
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	limited, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	err := f.lookup.Find(limited, keys, found)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("no answer within %v: %w", f.timeout, err)
	}
	return err
}
