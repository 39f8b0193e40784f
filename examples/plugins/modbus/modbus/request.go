package modbus

import (
	"cmp"
	"slices"
)

// request reads registers that stand next to each other.
type request struct {
	space     space
	address   int
	count     int // addresses
	registers []int

	words []uint16 // what came of it: one for each address
	err   error    // or why not
}

// requests returns what a poll asks a device: as few requests as the protocol and the gap that is allowed between registers permit. The
// registers in alone are asked for one at a time.
func requests(registers []register, gap int, alone map[int]bool) []request {
	order := make([]int, len(registers))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(registers[a].space, registers[b].space), cmp.Compare(registers[a].address, registers[b].address))
	})
	var made []request
	joinable := false // to the last
	for _, i := range order {
		r := registers[i]
		if last := len(made) - 1; joinable && !alone[i] && made[last].space == r.space {
			q := &made[last]
			end := max(q.address+q.count, r.address+r.words)
			if r.address <= q.address+q.count+gap && end-q.address <= r.space.most() {
				q.count = end - q.address
				q.registers = append(q.registers, i)
				continue
			}
		}
		made = append(made, request{space: r.space, address: r.address, count: r.words, registers: []int{i}})
		joinable = !alone[i]
	}
	return made
}
