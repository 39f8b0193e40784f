// Package foreigntest has what the tests of the interfaces of other hosts share.
package foreigntest

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/foreign"
	"github.com/onstream/onstream/wasm/host"
)

// Rows are records with a text each: "key=value", or a value alone.
type Rows []string

var _ foreign.Rows = Rows{}

// Len implements [foreign.Rows].
func (r Rows) Len() int { return len(r) }

// Key implements [foreign.Rows].
func (r Rows) Key(i int) ([]byte, bool) {
	key, _, ok := strings.Cut(r[i], "=")
	return []byte(key), ok
}

// Value implements [foreign.Rows].
func (r Rows) Value(i int) []byte {
	if _, value, ok := strings.Cut(r[i], "="); ok {
		return []byte(value)
	}
	return []byte(r[i])
}

// Headers implements [foreign.Rows]: each record has one.
func (r Rows) Headers(i int) []abi.Pair {
	return []abi.Pair{{Name: []byte("n"), Value: fmt.Append(nil, i)}}
}

// Time implements [foreign.Rows].
func (r Rows) Time(i int) int64 { return int64(i+1) * 1e6 }

// Offset implements [foreign.Rows].
func (r Rows) Offset(i int) int64 { return int64(100 + i) }

// Load compiles a module for an interface.
func Load(t testing.TB, module []byte, x *host.Interface, l host.Limits) *host.Module {
	t.Helper()
	m, err := host.Load(t.Context(), module, host.Config{Limits: l, Interface: x})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close(t.Context()) }) // of no use any more
	return m
}

// Start makes a guest of a module that is called f.
func Start(t testing.TB, m *host.Module, start func(foreign.Config) (foreign.Guest, error), function string) foreign.Guest {
	t.Helper()
	g, err := start(foreign.Config{
		Module: m, Log: host.NewLog(slog.New(slog.DiscardHandler), 100), Stage: "main", Function: function, Args: []string{"program"}, Ports: []string{"side"},
		Settings: []foreign.Setting{{Name: "NAME", Value: "value"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Give gives rows to a guest and says what becomes of them: how many it has dealt with, the records, and the error.
func Give(t testing.TB, g foreign.Guest, rows ...string) string {
	t.Helper()
	var out abi.OutputWriter
	n, err := g.Give(host.Call{}, Rows(rows), &out)
	says := fmt.Sprint(n, ":")
	if n > 0 {
		records, bad := abi.ParseRecords(out.Frame(n), uint32(n), 2, 1<<30, nil)
		if bad != nil {
			t.Fatal(bad)
		}
		for k := range records.Len() {
			says += " " + record(records.At(k))
		}
	}
	if err != nil {
		says += " !" + err.Error()
	}
	return says
}

func record(r abi.Record) string {
	says := fmt.Sprintf("%d=%s", r.Row, r.Value)
	if r.Flags&abi.SameKey == 0 && r.Status == abi.Emit {
		says = fmt.Sprintf("%s[%s]", says, r.Key)
	}
	if r.Port > 0 {
		says += fmt.Sprintf(">%d", r.Port)
	}
	if r.Status == abi.DeadLetter {
		says += "(fails)"
	}
	for k := range r.Headers.Len() {
		name, value := r.Headers.At(k)
		says += fmt.Sprintf("{%s:%s}", name, value)
	}
	return says
}
