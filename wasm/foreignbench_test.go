package wasm_test

import "testing"

// Each of these is a record of about 150 bytes that a program changes, as the kit of its host lets it.

func BenchmarkExtism(b *testing.B) { benchForeign(b, extismPlugin, granted) }

func BenchmarkRedpanda(b *testing.B) { benchForeign(b, redpandaGuest, nil) }

func BenchmarkProgram(b *testing.B) { benchForeign(b, wasiProgram, nil) }

func benchForeign(b *testing.B, build func() ([]byte, error), attrs map[string]any) {
	e := start(b, foreignModule(b, build), attrs)
	measure(b, e, e.batch(readings()...))
}
