package plugins

import (
	"context"
	"errors"
	"sync"
)

// Shared is what the instances of one stage have in common, such as a table
// that is large or a connection. The zero value is empty and ready. It is safe
// for concurrent use; what is in it must be, too.
//
// The engine has one for each stage that runs. The instances that a reload
// makes get the one of those they replace where the stage's configuration is
// the same, and a new one where it is not; when no instance is left that uses
// one, the engine closes it.
type Shared struct {
	mu     sync.Mutex
	values map[string]any
	order  []string // of values, as they were made
}

// Share returns the value of a name, and makes it with the first call that
// succeeds. Without a Shared each caller gets one of its own.
func Share[T any](s *Shared, name string, make func() (T, error)) (T, error) {
	if s == nil {
		return make()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.values[name]; ok {
		return v.(T), nil
	}
	v, err := make()
	if err != nil {
		return v, err
	}
	if s.values == nil {
		s.values = map[string]any{}
	}
	s.values[name] = v
	s.order = append(s.order, name)
	return v, nil
}

// Close closes the values that are [Closer], the newest first, and empties s.
func (s *Shared) Close(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for i := len(s.order) - 1; i >= 0; i-- {
		if c, ok := s.values[s.order[i]].(Closer); ok {
			errs = append(errs, c.Close(ctx))
		}
	}
	s.values, s.order = nil, nil
	return errors.Join(errs...)
}
