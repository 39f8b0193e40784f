package spool_test

import (
	"context"
	"fmt"
	"os"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime/spool"
)

// A source whose input cannot be read again is read from its spool.
func Example() {
	dir, err := os.MkdirTemp("", "spool")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	pool := new(plugins.Pool)
	inner := sending([]string{"a", "b"}, []string{"c"}) // acknowledged as soon as they are on disk
	s, err := spool.Wrap(inner, dir, pool, spool.Options{MaxBytes: 64 << 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	out := &outlet{hand: func(b *plugins.Batch) {
		for _, i := range b.Sel {
			fmt.Printf("%d %s\n", b.Offsets[i], b.Value(i))
		}
	}}
	if err := s.Run(context.Background(), out); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 1 a
	// 2 b
	// 3 c
}
