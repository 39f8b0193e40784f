package plugins_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/onstream/onstream/plugins"
)

// closing notes that it was closed.
type closing struct {
	name string
	log  *[]string
}

func (c closing) Close(context.Context) error {
	*c.log = append(*c.log, c.name)
	return errors.New(c.name)
}

func TestShared(t *testing.T) {
	t.Parallel()
	var s plugins.Shared
	var log []string
	made := 0
	get := func(name string) (closing, error) {
		return plugins.Share(&s, name, func() (closing, error) { made++; return closing{name, &log}, nil })
	}
	if _, err := plugins.Share(&s, "a", func() (closing, error) { return closing{}, errors.New("not yet") }); err == nil {
		t.Error("the error is lost")
	}
	var users sync.WaitGroup
	for range 8 {
		users.Go(func() {
			if c, err := get("a"); err != nil || c.name != "a" {
				t.Errorf("got %v, %v", c, err)
			}
		})
	}
	users.Wait()
	if c, err := get("b"); err != nil || c.name != "b" || made != 2 {
		t.Errorf("got %v, %v; %d were made", c, err, made)
	}
	if err := s.Close(t.Context()); err == nil || !slices.Equal(log, []string{"b", "a"}) {
		t.Errorf("closed %v, error %v", log, err)
	}
	if err := s.Close(t.Context()); err != nil || len(log) != 2 {
		t.Errorf("closed twice: %v, %v", log, err)
	}
}

func TestNothingShared(t *testing.T) {
	t.Parallel()
	made := 0
	for range 2 {
		if _, err := plugins.Share(nil, "a", func() (int, error) { made++; return made, nil }); err != nil {
			t.Fatal(err)
		}
	}
	if made != 2 {
		t.Errorf("%d were made", made)
	}
}
