package main

import (
	"errors"
	"strconv"

	onstream "github.com/onstream/onstream/wasm/sdk/go"
)

// The harms, by the value that asks for one, without its sign. The harness has the same list.
const (
	endsWithAnError = iota + 1
	traps
	spins
	recurses
	takesMemory
	floodsState
	floodsHost
	floodsLog
	namesNoSpace
)

var turns int

// harm does harm, for the row of a record.
func harm(what int64, row int) error {
	switch what {
	case endsWithAnError:
		return errors.New("told to")
	case traps:
		panic("told to")
	case spins:
		for turns >= 0 {
			turns = (turns + 1) & 0xffff
		}
	case recurses:
		turns += deep(1 << 30)
	case takesMemory:
		for all := [][]byte{}; turns >= 0; {
			all = append(all, make([]byte, 1<<20))
			turns = len(all)
		}
	case floodsState:
		for i := range 1 << 20 {
			kept.Put(row, strconv.Itoa(i), text)
		}
	case floodsHost:
		for turns >= 0 {
			turns = int(onstream.Now()>>60) & 1
		}
	case floodsLog:
		for turns >= 0 {
			onstream.Log(onstream.Info, "flood")
			turns = (turns + 1) & 0xffff
		}
	case namesNoSpace:
		onstream.Space(7).Put(row, "", nil)
	}
	return nil
}

//go:noinline
func deep(n int) int {
	if n == 0 {
		return 1
	}
	return deep(n-1) + deep(n-2)
}
