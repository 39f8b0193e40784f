package runtime

import (
	"errors"
	"sync"
)

// atOnce is how many requests to a bus are under way at most.
const atOnce = 16

// sideBySide calls f for each of several, some of them at a time, and returns
// all their errors.
func sideBySide[T any](all []T, f func(T) error) error {
	var mu sync.Mutex
	var errs []error
	var calls sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for _, x := range all {
		room <- struct{}{}
		calls.Go(func() {
			defer func() { <-room }()
			if err := f(x); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	calls.Wait()
	return errors.Join(errs...)
}
