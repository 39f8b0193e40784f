package redpanda

import (
	"errors"

	"github.com/tetratelabs/wazero/api"

	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/host"
)

// Module is what transforms import from.
const Module = "redpanda_transform"

// start is what a transform exports: its program.
const start = "_start"

// What functions answer where they have no size to tell. Everything that is negative is an error to the SDKs.
const (
	noBatch       = -1 // that anything could be of
	invalidBuffer = -3 // what was given cannot be read, or is too small
	invalidTopic  = -4 // the stage has no output of the name
)

// Interface returns what transforms import and export.
func Interface() *host.Interface {
	return &host.Interface{
		Name: "Redpanda's data transforms", Module: Module, Check: check,
		Refused: map[string]string{
			"redpanda_schema_registry": "there is no schema registry of Redpanda here: decode the records by the format of a source, and encode them by that of a sink",
			"redpanda_ai":              "there are no models of Redpanda here: build it without",
		},
		Functions: map[string]host.Function{
			"check_abi_version_1":       host.NewFunction(":", func(*host.Instance, api.Memory, []uint64) {}),
			"check_abi_version_2":       host.NewFunction(":", func(*host.Instance, api.Memory, []uint64) {}),
			"read_batch_header":         host.NewFunction("iiiiiiiiii:i", readBatchHeader),
			"read_next_record":          host.NewFunction("iiiii:i", readNextRecord),
			"write_record":              host.NewFunction("ii:i", writeRecord),
			"write_record_with_options": host.NewFunction("iiii:i", writeRecordWithOptions),
		},
	}
}

func check(m *binary.Module) ([]string, error) {
	if !host.Exports(m, start, ":") {
		return nil, errors.New("it does not export _start, so it is no data transform: build a program, not a library")
	}
	return []string{start}, nil
}

func answer(stack []uint64, v int) { stack[0] = api.EncodeI32(int32(v)) }
