package redpanda

import (
	"encoding/binary"
	"fmt"

	"github.com/tetratelabs/wazero/api"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/foreign"
	"github.com/onstream/onstream/wasm/host"
)

// readBatchHeader ends the batch before and waits for the next. It returns how long a record of it is at most.
func readBatchHeader(i *host.Instance, mem api.Memory, s []uint64) {
	p := i.Owner().(*program)
	if p.left > 0 {
		panic(host.Faultf(host.Frame, "the transform asks for the next batch, and has not read %d records of the last one: read all", p.left))
	}
	p.wait()
	p.left = p.rows.Len()
	largest, first, last := 0, p.millis(0), p.millis(0)
	for n := range p.rows.Len() {
		key, _ := p.rows.Key(n)
		size, headers := len(key)+len(p.rows.Value(n)), p.rows.Headers(n)
		for _, h := range headers {
			size += len(h.Name) + len(h.Value)
		}
		largest, last = max(largest, maxPayload(size, len(headers))), max(last, p.millis(n))
	}
	put64 := func(at uint64, v int64) { binary.LittleEndian.PutUint64(host.Bytes(mem, at, 8), uint64(v)) }
	put32 := func(at uint64, v int) { binary.LittleEndian.PutUint32(host.Bytes(mem, at, 4), uint32(int32(v))) }
	put16 := func(at uint64, v int16) { binary.LittleEndian.PutUint16(host.Bytes(mem, at, 2), uint16(v)) }
	put64(s[0], p.rows.Offset(0))
	put32(s[1], p.left)
	put32(s[2], 0) // partition leader epoch
	put16(s[3], 0) // attributes
	put32(s[4], p.left-1)
	put64(s[5], first)
	put64(s[6], last)
	put64(s[7], -1) // producer id
	put16(s[8], -1) // producer epoch
	put32(s[9], -1) // base sequence
	answer(s, largest)
}

// millis is the time of a record in ms, that of the pipeline where it has none.
func (p *program) millis(n int) int64 {
	if at := p.rows.Time(n); at != abi.NoTime {
		return at / 1000
	}
	return p.call.Now / 1000
}

// readNextRecord gives the guest a record, which begins a call as far as limits go.
func readNextRecord(i *host.Instance, mem api.Memory, s []uint64) {
	p := i.Owner().(*program)
	if p.left == 0 {
		answer(s, noBatch)
		return
	}
	if p.out.Size() > foreign.FrameSize {
		p.wait()
	}
	n := p.row + 1
	key, ok := p.rows.Key(n)
	switch {
	case !ok:
		key = nil
	case key == nil:
		key = []byte{} // it has one
	}
	p.input = payload{key, p.rows.Value(n), p.rows.Headers(n)}
	p.buf = p.input.appendTo(p.buf[:0])
	if uint64(len(p.buf)) > uint64(uint32(s[4])) {
		answer(s, invalidBuffer)
		return
	}
	i.Begin(p.call)
	i.Count(len(p.buf) / 4096)
	p.row, p.left, p.mark = n, p.left-1, p.out.Mark()
	host.Bytes(mem, s[0], 1)[0] = 0
	binary.LittleEndian.PutUint64(host.Bytes(mem, s[1], 8), uint64(p.millis(n)))
	binary.LittleEndian.PutUint64(host.Bytes(mem, s[2], 8), uint64(p.rows.Offset(n)))
	copy(host.Bytes(mem, s[3], uint64(len(p.buf))), p.buf)
	answer(s, len(p.buf))
}

func writeRecord(i *host.Instance, mem api.Memory, s []uint64) {
	p := i.Owner().(*program)
	answer(s, p.write(host.Bytes(mem, s[0], s[1]), 0))
}

func writeRecordWithOptions(i *host.Instance, mem api.Memory, s []uint64) {
	p := i.Owner().(*program)
	topic, ok := topicOf(host.Bytes(mem, s[2], s[3]))
	if !ok {
		answer(s, invalidBuffer)
		return
	}
	port, ok := p.port(topic)
	if !ok {
		i.Say(fmt.Appendf(nil, "the transform writes to the topic %q, for which the stage has no output: write ports = [%[1]q]", topic))
		answer(s, invalidTopic)
		return
	}
	answer(s, p.write(host.Bytes(mem, s[0], s[1]), port))
}

// write adds a record that was made of the row that was read last.
func (p *program) write(text []byte, port uint16) int {
	switch {
	case p.out == nil || p.row < 0:
		return noBatch
	case !p.given.decode(text):
		return invalidBuffer
	}
	limit := p.instance.Limits().Output
	if p.out.Since(p.mark)+len(text)+abi.RecordSize+len(p.given.headers)*abi.PairSize > limit {
		panic(host.Faultf(host.Limit, "the transform writes more than %d bytes for a record: raise limits.output, or write less", limit))
	}
	p.instance.Count(len(text) / 4096)
	rec := abi.Record{Row: uint32(p.row), Port: port, Flags: abi.SameTime, Key: p.given.key, Value: p.given.value}
	if p.given.key == nil {
		rec.Flags |= abi.NoKey
	}
	p.out.Add(rec, p.given.headers...)
	return len(text)
}
