package kafka_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/kafka"
	"github.com/onstream/onstream/dsl"
	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/codec"
	"github.com/onstream/onstream/plugins/transforms"
	"github.com/onstream/onstream/runtime"
	"github.com/onstream/onstream/runtime/graph"
)

func pipeline(t *testing.T, addr string, stored bool) (*plugins.Registry, *graph.Graph) {
	t.Helper()
	var r plugins.Registry
	if err := errors.Join(codec.Register(&r), transforms.Register(&r), connectors.Register(&r), kafka.Register(&r)); err != nil {
		t.Fatal(err)
	}
	module, diags := dsl.ParseSources("test", map[string][]byte{"main.hcl": fmt.Appendf(nil, `
pipeline "copy" {
  checkpoint { interval = "20ms" }
}

connector "kafka" "bus" {
  bootstrap_servers  = [%q]
  session_timeout    = "1s"
  heartbeat_interval = "100ms"
  group_instance_id  = "the-only-one"
}

source "topic" "in" {
  via   = connector.bus
  topic = "in"
}

sink "topic" "out" {
  from  = source.in
  via   = connector.bus
  topic = "out"
  key   = event.id
}
`, addr)})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p, diags := module.Build(&r, dsl.Options{Stored: stored})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return &r, p.Graph
}

// sum returns how many records a topic has.
func sum(t *testing.T, a *kadm.Client, topic string) int {
	t.Helper()
	ends, err := a.ListEndOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ends.Each(func(o kadm.ListedOffset) { n += int(o.Offset) })
	return n
}

// A pipeline is stopped in order, again and again, while records come. What it has
// read it writes and commits before it ends: nothing is lost, nothing comes twice.
func TestStoppingInOrderLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	for _, stored := range []bool{false, true} {
		t.Run(fmt.Sprintf("stored %v", stored), func(t *testing.T) {
			t.Parallel()
			addr := cluster(t, kfake.SeedTopics(3, "in", "out")).ListenAddrs()[0]
			feed, counts := write(t, connect(t, addr, nil), "in"), admin(t, addr)
			var dir string
			if stored {
				dir = t.TempDir()
			}
			const lives, each = 5, 2000
			for life := range lives {
				var rows []row
				for i := range each {
					n := life*each + i
					rows = append(rows, row{key: fmt.Sprint(n % 13), value: fmt.Sprintf(`{"id":"%d","n":%d}`, n%13, n)})
				}
				if err := send(t, feed, batchOf(rows...)).wait(t); err != nil {
					t.Fatal(err)
				}
				registry, g := pipeline(t, addr, stored)
				ended := make(chan error, 1)
				e := runtime.New(runtime.Config{Registry: registry, StateDir: dir})
				go func() { ended <- e.Run(t.Context(), g) }()
				goal := life*each + each/2 // some of it is under way
				if life == lives-1 {
					goal = lives * each
				}
				bustest.Eventually(t, "some of it is written", func() bool { return sum(t, counts, "out") >= goal })
				e.Drain()
				if err := <-ended; err != nil {
					t.Fatal(err)
				}
			}
			seen := map[string]int{}
			for _, values := range consume(t, addr, "out", sum(t, counts, "out")) {
				for _, v := range values {
					seen[v]++
				}
			}
			if len(seen) != lives*each || sum(t, counts, "out") != lives*each {
				t.Errorf("%d records, %d of them different, were written of %d", sum(t, counts, "out"), len(seen), lives*each)
			}
		})
	}
}
