package kafka_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
)

// dawdler is a member of a group that takes no part in a rebalance once it is in.
func dawdler(t *testing.T, cl *kgo.Client, group string) {
	t.Helper()
	join := kmsg.NewPtrJoinGroupRequest()
	join.Group, join.ProtocolType = group, "consumer"
	join.SessionTimeoutMillis, join.RebalanceTimeoutMillis = 60_000, 60_000
	protocol := kmsg.NewJoinGroupRequestProtocol()
	protocol.Name = "cooperative-sticky"
	metadata := kmsg.NewConsumerMemberMetadata()
	protocol.Metadata = metadata.AppendTo(nil)
	join.Protocols = append(join.Protocols, protocol)
	var joined *kmsg.JoinGroupResponse
	for {
		var err error
		if joined, err = join.RequestWith(t.Context(), cl); err != nil {
			t.Fatal(err)
		}
		if joined.ErrorCode != kerr.MemberIDRequired.Code {
			break
		}
		join.MemberID = joined.MemberID
	}
	sync := kmsg.NewPtrSyncGroupRequest()
	sync.Group, sync.Generation, sync.MemberID = group, joined.Generation, joined.MemberID
	kind := "consumer"
	sync.ProtocolType, sync.Protocol = &kind, &protocol.Name
	if answer, err := sync.RequestWith(t.Context(), cl); err != nil || kerr.ErrorForCode(joined.ErrorCode) != nil || kerr.ErrorForCode(answer.ErrorCode) != nil {
		t.Fatalf("the member does not get in: %v, %+v, %+v", err, joined, answer)
	}
}

// A source that ends while it joins does not wait for other members, and is none any more.
func TestEndDuringAJoin(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, addr, unique string) {
		a := admin(t, addr)
		dawdler(t, client(t, addr), unique)
		bus := connect(t, addr, map[string]any{"rebalance_timeout": time.Minute, "create": "if_missing"})
		r := bustest.Read(t, bus, connectors.Subscription{Topic: connectors.Topic(unique), Group: unique}, &bustest.Outlet{})
		members := func(n int) func() bool {
			return func() bool {
				groups, err := a.DescribeGroups(t.Context(), unique)
				return err == nil && len(groups[unique].Members) == n
			}
		}
		bustest.Eventually(t, "it joins", members(2))
		r.Stop(t) // fails the test when it takes long
		bustest.Eventually(t, "it has left the group", members(1))
	})
}
