package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// leaveTime is how long the driver may take to leave the group in order.
const leaveTime = time.Second

// leave leaves the group. While the group is being joined the driver waits for the end of that, which
// other members may hold up for their rebalance_timeout. Then the client is cut off, and another one tells
// the group that its member has left: it would be waited for until session_timeout.
func (r *reader) leave(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, leaveTime)
	defer cancel()
	if r.client.LeaveGroupContext(limited) == nil || limited.Err() == nil {
		return
	}
	member, _ := r.client.GroupMetadata()
	r.cut()
	if member == "" || r.conn.config.String("group_instance_id") != "" { // who has an instance id keeps its place
		return
	}
	if err := r.dismiss(ctx, member); err != nil {
		r.env.Logger.Warn("the group could not be left: its partitions are read by others when session_timeout is over", "group", r.sub.Group, "error", err)
	}
}

// dismiss tells the group that a member has left.
func (r *reader) dismiss(ctx context.Context, member string) error {
	ctx, cancel := context.WithTimeout(ctx, leaveTime)
	defer cancel()
	cl, err := r.conn.client(kgo.RequestRetries(2))
	if err != nil {
		return err
	}
	defer cl.Close()
	req := kmsg.NewPtrLeaveGroupRequest()
	req.Group, req.MemberID = r.sub.Group, member
	gone := kmsg.NewLeaveGroupRequestMember()
	gone.MemberID = member
	req.Members = append(req.Members, gone)
	_, err = req.RequestWith(ctx, cl)
	return err
}
