package kafka_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

func TestATopicThatDoesNotExist(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, addr, unique string) {
		bus := connect(t, addr, map[string]any{"startup": "wait"})
		says := []string{`the topic "` + unique + `"`, "there is no such topic", `create = "if_missing"`}
		bustest.Refused(t, bus, bustest.Subscribe(unique), says...)
		bustest.Permanent(t, bustest.Open(t, bus, unique), says...)
		rows := rowsOf(t, send(t, write(t, bus, ""), batchOf(row{topic: unique, value: "x"}, row{topic: "a.>", value: "x"}, row{topic: "a/b", value: "x"})).wait(t))
		for i, want := range []string{"there is no such topic", "stands for several topics", "names of Kafka topics have no /"} {
			if len(rows) != 3 || !strings.Contains(rows[i].Msg, want) {
				t.Errorf("row %d: %v", i, rows)
			}
		}
	})
}

func TestTopicsAreMadeAsTheConnectorSays(t *testing.T) {
	t.Parallel()
	addr := cluster(t).ListenAddrs()[0]
	bus := connect(t, addr, map[string]any{"create": "if_missing"}, nested(t, "topic", "partitions", int64(5), "replication_factor", int64(1), "retention", time.Hour, "cleanup_policy", "compact", "min_insync_replicas", int64(1)))
	if err := send(t, write(t, bus, "made"), batchOf(row{key: "k", value: "x"})).wait(t); err != nil {
		t.Fatal(err)
	}
	topics, err := admin(t, addr).ListTopics(t.Context(), "made")
	if err != nil || len(topics["made"].Partitions) != 5 {
		t.Errorf("%v, %v", topics, err)
	}
	configs, err := admin(t, addr).DescribeTopicConfigs(t.Context(), "made")
	if err != nil {
		t.Fatal(err)
	}
	one, err := configs.On("made", nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range one.Configs {
		got[c.Key] = c.MaybeValue()
	}
	for key, want := range map[string]string{"retention.ms": "3600000", "cleanup.policy": "compact", "min.insync.replicas": "1"} {
		if got[key] != want {
			t.Errorf("%s is %q, want %q", key, got[key], want)
		}
	}
}

func TestMoreReplicasThanBrokers(t *testing.T) {
	t.Parallel()
	bus := connect(t, cluster(t).ListenAddrs()[0], map[string]any{"create": "if_missing"}, nested(t, "topic", "replication_factor", int64(3)))
	bustest.Permanent(t, write(t, bus, "made").(plugins.Opener).Open(t.Context()), `make the topic "made"`, "lower topic.replication_factor")
}

// numbers returns the texts of the numbers from up to, but not including, to.
func numbers(from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprint(i))
	}
	return all
}

func TestRecordsThatWereDeletedBeforeTheyWereRead(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, addr, in string) {
		made(t, addr, 1, nil, in)
		bus := connect(t, addr, nil)
		produce(t, addr, in, 0, numbers(0, 10)...)
		subscription := connectors.Subscription{Topic: connectors.Topic(in), Group: in}
		out := &bustest.Outlet{}
		r := bustest.Read(t, bus, subscription, out)
		out.Await(t, 10)
		at := out.Positions()
		r.Stop(t)
		produce(t, addr, in, 0, numbers(10, 20)...)
		var before kadm.Offsets
		before.AddOffset(in, 0, 15, -1)
		if _, err := admin(t, addr).DeleteRecords(t.Context(), before); err != nil {
			t.Fatal(err)
		}
		for name, from := range map[string]map[plugins.Partition]plugins.Position{"group": nil, "checkpoint": at} {
			again := &bustest.Outlet{}
			bustest.Permanent(t, read(t, bus, subscription, bustest.Env("source.in"), from, again).Err(t),
				fmt.Sprintf("partition 0 of the topic %q does not have the record at offset 10", in), "from 15 up to, but not including, 20", fmt.Sprintf("of the group %q", in))
			if got := again.Values(); len(got) > 0 {
				t.Errorf("%s: %q were read in place of what is missing", name, got)
			}
		}
	})
}

func TestAPositionBeyondTheEnd(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, addr, in string) {
		made(t, addr, 1, nil, in)
		produce(t, addr, in, 0, "0")
		var ahead kadm.Offsets
		ahead.AddOffset(in, 0, 7, -1)
		if err := admin(t, addr).CommitAllOffsets(t.Context(), in, ahead); err != nil {
			t.Fatal(err)
		}
		bustest.Refused(t, connect(t, addr, nil), connectors.Subscription{Topic: connectors.Topic(in), Group: in}, "does not have the record at offset 7", "from 0 up to, but not including, 1")
	})
}

func TestATopicThatWasMadeAnew(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, addr, in string) {
		made(t, addr, 1, nil, in)
		produce(t, addr, in, 0, numbers(0, 3)...)
		out := &bustest.Outlet{}
		bus := connect(t, addr, nil)
		r := bustest.Read(t, bus, connectors.Subscription{Topic: connectors.Topic(in), Group: in}, out)
		out.Await(t, 3)
		at := out.Positions()
		a := admin(t, addr)
		if _, err := a.DeleteTopics(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		bustest.Eventually(t, "it can be made anew", func() bool {
			results, err := a.CreateTopics(t.Context(), 1, 1, nil, in)
			return err == nil && results.Error() == nil
		})
		produce(t, addr, in, 0, numbers(10, 20)...)
		says := fmt.Sprintf("the topic %q was deleted, and made anew", in)
		bustest.Permanent(t, r.Err(t), says)
		bustest.Permanent(t, read(t, bus, connectors.Subscription{Topic: connectors.Topic(in), Group: in + ".other"}, bustest.Env("source.in"), at, &bustest.Outlet{}).Err(t), says)
		if got := out.Values(); !slices.Equal(got, numbers(0, 3)) {
			t.Errorf("%q were read", got)
		}
	})
}

func TestPartitionsAndTopicsThatComeLater(t *testing.T) {
	t.Parallel()
	for _, pattern := range []bool{false, true} {
		for _, start := range []connectors.Start{connectors.StartEarliest, connectors.StartLatest} {
			t.Run(fmt.Sprint(pattern, start), func(t *testing.T) {
				t.Parallel()
				onBoth(t, func(t *testing.T, addr, unique string) {
					first, second, other := unique+".a", unique+".b", unique+".a.other"
					made(t, addr, 1, nil, first, other)
					topic := connectors.Topic(first)
					if pattern {
						topic = connectors.Topic(unique + ".*")
					}
					out := &bustest.Outlet{}
					bustest.Read(t, connect(t, addr, nil), connectors.Subscription{Topic: topic, Start: start, Group: unique}, out)
					bustest.Eventually(t, "it is assigned", func() bool { return len(out.Assignments()) == 1 })
					if _, err := admin(t, addr).UpdatePartitions(t.Context(), 3, first); err != nil {
						t.Fatal(err)
					}
					want := []string{"more"}
					produce(t, addr, first, 2, "more")
					if pattern {
						made(t, addr, 1, nil, second)
						produce(t, addr, second, 0, "new")
						want = append(want, "new")
					}
					produce(t, addr, other, 0, "foreign")
					bustest.Eventually(t, "what is new is read", func() bool {
						got := out.Values()
						slices.Sort(got)
						return slices.Equal(got, want)
					})
				})
			})
		}
	}
}

// What is written while nobody reads must not be lost to a group that was there
// before, although it has acknowledged nothing yet.
func TestAGroupThatBeganAtTheEndStaysThere(t *testing.T) {
	t.Parallel()
	addr := cluster(t, kfake.SeedTopics(1, "in")).ListenAddrs()[0]
	produce(t, addr, "in", 0, "old")
	bus := connect(t, addr, nil)
	latest := connectors.Subscription{Topic: "in", Start: connectors.StartLatest}
	out := &bustest.Outlet{}
	r := read(t, bus, latest, bustest.Env("source.in"), nil, out)
	asks := admin(t, addr)
	bustest.Eventually(t, "the group stands at the end", func() bool {
		at, err := asks.FetchOffsets(t.Context(), "g")
		if err != nil {
			return false // there is no group yet
		}
		o, ok := at.Lookup("in", 0)
		return ok && o.At == 1
	})
	r.Stop(t)
	produce(t, addr, "in", 0, "new")
	again := &bustest.Outlet{}
	read(t, bus, latest, bustest.Env("source.in"), nil, again)
	bustest.Eventually(t, "the new record is read", func() bool { return slices.Equal(again.Values(), []string{"new"}) })
}

func TestCommitsTellWhoMadeThem(t *testing.T) {
	t.Parallel()
	addr := cluster(t, kfake.SeedTopics(1, "in")).ListenAddrs()[0]
	produce(t, addr, "in", 0, "0", "1")
	e := bustest.Env("source.in")
	e.Owner = "gateway-7/state"
	out := &bustest.Outlet{}
	read(t, connect(t, addr, nil), connectors.Subscription{Topic: "in"}, e, nil, out)
	asks := admin(t, addr)
	bustest.Eventually(t, "it is committed", func() bool {
		at, err := asks.FetchOffsets(t.Context(), "g")
		if err != nil {
			return false // there is no group yet
		}
		o, ok := at.Lookup("in", 0)
		return ok && o.At == 2 && o.Metadata == "gateway-7/state"
	})
}

func TestTransactionsThatWereGivenUpAreNotRead(t *testing.T) {
	t.Parallel()
	addr := cluster(t, kfake.SeedTopics(1, "in")).ListenAddrs()[0]
	cl := client(t, addr, kgo.TransactionalID("t"), kgo.DefaultProduceTopic("in"))
	for i, how := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit} {
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := cl.ProduceSync(t.Context(), kgo.StringRecord(fmt.Sprint(i))).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := cl.EndTransaction(t.Context(), how); err != nil {
			t.Fatal(err)
		}
	}
	for level, want := range map[string][]string{"read_committed": {"0", "2"}, "read_uncommitted": {"0", "1", "2"}} {
		out := &bustest.Outlet{}
		read(t, connect(t, addr, map[string]any{"isolation_level": level}), connectors.Subscription{Topic: "in", Group: level}, bustest.Env("source.in"), nil, out)
		bustest.Eventually(t, "the last record is read", func() bool { return slices.Contains(out.Values(), "2") })
		if got := out.Values(); !slices.Equal(got, want) {
			t.Errorf("%s reads %q, want %q", level, got, want)
		}
	}
}

func TestLagIsWhatWaits(t *testing.T) {
	t.Parallel()
	addr := cluster(t, kfake.SeedTopics(1, "in")).ListenAddrs()[0]
	produce(t, addr, "in", 0, numbers(0, 50)...)
	s, err := connect(t, addr, nil).Reader(connectors.Subscription{Topic: "in", Group: "g", MaxRecords: 10}, bustest.Env("source.in"))
	if err != nil {
		t.Fatal(err)
	}
	out := &bustest.Outlet{}
	out.Block()
	bustest.Start(t, s, out)
	bustest.Eventually(t, "50 records wait", func() bool { return len(out.Assignments()) == 1 && bustest.Lags(s, 50)() })
	out.Unblock()
	bustest.Eventually(t, "none waits", bustest.Lags(s, 0))
	if n := len(out.Records()); n != 50 {
		t.Errorf("%d records were read", n)
	}
}

func TestCompressedRecordsAreWhatTheyWere(t *testing.T) {
	t.Parallel()
	for _, c := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		t.Run(c, func(t *testing.T) {
			t.Parallel()
			addr := cluster(t, kfake.SeedTopics(2, "t")).ListenAddrs()[0]
			bus := connect(t, addr, map[string]any{"compression_type": c})
			out := &bustest.Outlet{}
			read(t, bus, connectors.Subscription{Topic: "t"}, bustest.Env("source.in"), nil, out)
			s := write(t, bus, "t")
			want := map[string]bool{}
			for turn := range 20 { // memory is used again
				var rows []row
				for i := range 500 {
					v := fmt.Sprintf("%d/%d %s", turn, i, bustest.Telemetry)
					rows = append(rows, row{key: fmt.Sprint(i % 7), value: v})
					want[v] = true
				}
				if err := send(t, s, batchOf(rows...)).wait(t); err != nil {
					t.Fatal(err)
				}
			}
			bustest.Eventually(t, "all is read", func() bool { return len(out.Records()) >= len(want) })
			for _, r := range out.Records() {
				if !want[r.Value] {
					t.Fatalf("%q was never written", r.Value)
				}
			}
		})
	}
}
