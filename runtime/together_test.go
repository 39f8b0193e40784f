package runtime_test

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/runtime"
)

// stored are claims of a pipeline two of whose stages go with the partitions of a source.
func stored(parts ...string) map[string]string {
	claims := map[string]string{
		"source.in":       "topic over nats",
		"source.other":    "file",
		"transform.total": "reduce: n, by partition of source.in (topic over nats)",
		"transform.first": "dedup: k, by partition of source.in (topic over nats)",
		"transform.alone": "dedup: k",
		"sink.out":        "file json 00",
	}
	for _, p := range parts {
		claims[p] = ""
	}
	return claims
}

func TestPartitionsThatHaveLogs(t *testing.T) {
	t.Parallel()
	claims := stored(
		"source.in@plant.readings/2", "source.in@plant.readings/0", "source.in@a/b@c/11", "transform.total@plant.readings/0",
		"source.other@broken", "source.other@broken/x", "source.other@broken/99999999999",
	)
	want := map[string][]plugins.Partition{"source.in": {{Name: "a/b@c", ID: 11}, {Name: "plant.readings", ID: 0}, {Name: "plant.readings", ID: 2}}}
	if got := runtime.InLogs(claims); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := runtime.InLogs(stored()); len(got) != 0 {
		t.Errorf("without partitions there is %v", got)
	}
}

// What goes with the partitions of a source of which a bus has logs is forgotten together.
func TestWhatIsForgottenTogether(t *testing.T) {
	t.Parallel()
	all := []string{"source.in", "transform.first", "transform.total"}
	logged := stored("source.in@p/0", "transform.total@p/0")
	for addr := range maps.Keys(stored()) {
		want := []string{addr}
		if slices.Contains(all, addr) {
			want = all
		}
		if got := runtime.Together(addr, logged); !slices.Equal(got, want) {
			t.Errorf("together with %s are forgotten %v, want %v", addr, got, want)
		}
		if got := runtime.Together(addr, stored()); !slices.Equal(got, []string{addr}) {
			t.Errorf("without a log, together with %s are forgotten %v", addr, got)
		}
	}
}
