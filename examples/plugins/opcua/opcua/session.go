package opcua

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	driver "github.com/gopcua/opcua"
	"github.com/gopcua/opcua/ua"

	"github.com/onstream/onstream/plugins"
)

// atOnce is how many nodes are asked about in one request: servers have limits.
const atOnce = 32

// longestSilence bounds what a server may want.
const longestSilence = 24 * time.Hour

// goodbye is how long the end of a session may take.
const goodbye = 2 * time.Second

// session is a subscription at a server. One goroutine uses it.
type session struct {
	client *driver.Client
	s      settings
	id     uint32
	next   uint32 // number of the notification that is expected
	acks   []*ua.SubscriptionAcknowledgement
}

// subscribe logs on, and has the nodes monitored.
func subscribe(ctx context.Context, s settings) (*session, error) {
	client, err := connect(ctx, s)
	if err != nil {
		return nil, err
	}
	sn := &session{client: client, s: s, next: 1}
	if err = sn.exist(ctx); err == nil {
		if err = sn.create(ctx); err == nil {
			err = sn.monitor(ctx)
		}
	}
	if err != nil {
		sn.close()
		return nil, err
	}
	return sn, nil
}

// close ends the session, and with it the subscription.
func (sn *session) close() {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye) // also when the pipeline's has ended
	defer cancel()
	if sn.id != 0 {
		_, _ = send[*ua.DeleteSubscriptionsResponse](ctx, sn, &ua.DeleteSubscriptionsRequest{SubscriptionIDs: []uint32{sn.id}})
	}
	_ = sn.client.Close(ctx) // nothing can be done about it
}

// send has the response to a request within the timeout, if it is one of the type that is expected.
func send[R ua.Response](ctx context.Context, sn *session, req ua.Request) (R, error) {
	ctx, cancel := context.WithTimeout(ctx, sn.s.timeout)
	defer cancel()
	return exchange[R](ctx, sn, req)
}

func exchange[R ua.Response](ctx context.Context, sn *session, req ua.Request) (R, error) {
	var res R
	err := sn.client.Send(ctx, req, func(v ua.Response) error {
		if typed, ok := v.(R); ok {
			res = typed
			return nil
		}
		return fmt.Errorf("the server answers a %T with a %T", req, v)
	})
	return res, err
}

// exist finds out whether there are such nodes: not every server says so when it is asked to monitor them.
func (sn *session) exist(ctx context.Context) error {
	for from := 0; from < len(sn.s.nodes); from += atOnce {
		nodes := sn.s.nodes[from:min(from+atOnce, len(sn.s.nodes))]
		req := &ua.ReadRequest{TimestampsToReturn: ua.TimestampsToReturnNeither}
		for _, n := range nodes {
			req.NodesToRead = append(req.NodesToRead, &ua.ReadValueID{NodeID: n.id, AttributeID: ua.AttributeIDNodeID, DataEncoding: &ua.QualifiedName{}})
		}
		res, err := send[*ua.ReadResponse](ctx, sn, req)
		if err != nil {
			return fmt.Errorf("read the nodes: %w", err)
		}
		if len(res.Results) != len(nodes) {
			return fmt.Errorf("read the nodes: the server answers for %d of %d", len(res.Results), len(nodes))
		}
		for i, r := range res.Results {
			if err := nodes[i].refused(r.Status); err != nil {
				return err
			}
		}
	}
	return nil
}

// refused returns what a bad status of a node means; nil of others.
func (n node) refused(status ua.StatusCode) error {
	if qualityOf(status) != bad {
		return nil
	}
	remedy := "the server does not give it: look at its id, and whether the namespace has this number there"
	switch {
	case errors.Is(status, ua.StatusBadNodeIDUnknown), errors.Is(status, ua.StatusBadNodeIDInvalid):
		remedy = "the server has no such node: look at its id, and whether the namespace has this number there"
	case errors.Is(status, ua.StatusBadUserAccessDenied), errors.Is(status, ua.StatusBadNotReadable):
		remedy = "the user may not read it"
	case errors.Is(status, ua.StatusBadFilterNotAllowed), errors.Is(status, ua.StatusBadMonitoredItemFilterUnsupported), errors.Is(status, ua.StatusBadDeadbandFilterInvalid):
		remedy = "the server has no such deadband for it: leave deadband out"
	}
	return plugins.Permanent(fmt.Errorf("node %q (%s): %s: %s", n.name, n.idText, nameOf(status), remedy))
}

// create makes the subscription.
func (sn *session) create(ctx context.Context) error {
	silent := uint32(max(1, sn.s.keepAlive/sn.s.publishing))
	res, err := send[*ua.CreateSubscriptionResponse](ctx, sn, &ua.CreateSubscriptionRequest{
		RequestedPublishingInterval: float64(sn.s.publishing) / float64(time.Millisecond),
		RequestedMaxKeepAliveCount:  silent,
		RequestedLifetimeCount:      10 * silent, // how long a full pipeline may make it wait
		PublishingEnabled:           true,
	})
	if err != nil {
		return refused(fmt.Errorf("subscribe: %w", err))
	}
	sn.id = res.SubscriptionID
	// The server may want to be silent for longer.
	revised := time.Duration(res.RevisedPublishingInterval * float64(time.Millisecond) * float64(res.RevisedMaxKeepAliveCount))
	if revised > sn.s.keepAlive {
		sn.s.keepAlive = min(revised, longestSilence)
	}
	return nil
}

// monitor adds the nodes to the subscription; the handle of each is its index.
func (sn *session) monitor(ctx context.Context) error {
	for from := 0; from < len(sn.s.nodes); from += atOnce {
		nodes := sn.s.nodes[from:min(from+atOnce, len(sn.s.nodes))]
		req := &ua.CreateMonitoredItemsRequest{SubscriptionID: sn.id, TimestampsToReturn: ua.TimestampsToReturnBoth}
		for i, n := range nodes {
			item := driver.NewMonitoredItemCreateRequestWithDefaults(n.id, ua.AttributeIDValue, uint32(from+i))
			item.RequestedParameters.QueueSize = sn.s.queue
			item.RequestedParameters.SamplingInterval = -1
			if n.sampling >= 0 {
				item.RequestedParameters.SamplingInterval = float64(n.sampling) / float64(time.Millisecond)
			}
			item.RequestedParameters.Filter = n.filter()
			req.ItemsToCreate = append(req.ItemsToCreate, item)
		}
		res, err := send[*ua.CreateMonitoredItemsResponse](ctx, sn, req)
		if err != nil {
			return fmt.Errorf("monitor the nodes: %w", err)
		}
		if len(res.Results) != len(nodes) {
			return fmt.Errorf("monitor the nodes: the server answers for %d of %d", len(res.Results), len(nodes))
		}
		for i, r := range res.Results {
			if err := nodes[i].refused(r.StatusCode); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n node) filter() *ua.ExtensionObject {
	if n.deadband == 0 {
		return nil
	}
	f := &ua.DataChangeFilter{Trigger: ua.DataChangeTriggerStatusValue, DeadbandType: uint32(ua.DeadbandTypeAbsolute), DeadbandValue: n.deadband}
	if n.percent {
		f.DeadbandType = uint32(ua.DeadbandTypePercent)
	}
	return ua.NewExtensionObject(f)
}

// notice is what the server has published.
type notice struct {
	number uint32
	missed bool // notices before it
	items  []*ua.MonitoredItemNotification
}

// publish waits for the next notice. It acknowledges those that were done with.
func (sn *session) publish(ctx context.Context) (notice, error) {
	if sn.acks == nil {
		sn.acks = []*ua.SubscriptionAcknowledgement{}
	}
	ctx, cancel := context.WithTimeout(ctx, sn.s.keepAlive+sn.s.timeout)
	defer cancel()
	res, err := exchange[*ua.PublishResponse](ctx, sn, &ua.PublishRequest{SubscriptionAcknowledgements: sn.acks})
	if err != nil {
		if errors.Is(err, ua.StatusBadTimeout) || errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("the server was silent for longer than %v", sn.s.keepAlive)
		}
		return notice{}, err
	}
	if res.NotificationMessage == nil {
		return notice{}, errors.New("the server published nothing at all")
	}
	sn.acks = nil
	message := res.NotificationMessage
	n := notice{number: message.SequenceNumber, missed: message.SequenceNumber != sn.next}
	if len(message.NotificationData) == 0 { // it is alive, and tells the next number
		sn.next = message.SequenceNumber
		return n, nil
	}
	if sn.next = message.SequenceNumber + 1; message.SequenceNumber == math.MaxUint32 {
		sn.next = 1
	}
	for _, data := range message.NotificationData {
		if data == nil {
			continue
		}
		switch v := data.Value.(type) {
		case *ua.DataChangeNotification:
			n.items = append(n.items, v.MonitoredItems...)
		case *ua.StatusChangeNotification:
			return n, fmt.Errorf("the server ends the subscription: %s", nameOf(v.Status))
		}
	}
	return n, nil
}

// done has a notice acknowledged with the next request.
func (sn *session) done(n notice) {
	if len(n.items) > 0 {
		sn.acks = append(sn.acks, &ua.SubscriptionAcknowledgement{SubscriptionID: sn.id, SequenceNumber: n.number})
	}
}

// The qualities of a value.
const (
	good      = "good"
	uncertain = "uncertain"
	bad       = "bad"
)

func qualityOf(status ua.StatusCode) string {
	switch status >> 30 {
	case 0:
		return good
	case 1:
		return uncertain
	default:
		return bad
	}
}

// overflowed reports whether a status says that values before this one are lost.
func overflowed(status ua.StatusCode) bool { return status&0x0c00 == 0x0400 && status&0x80 != 0 }

// nameOf returns the name that the standard has for a status.
func nameOf(status ua.StatusCode) string {
	code := status &^ 0xffff
	if code == 0 {
		return "Good"
	}
	if known, ok := ua.StatusCodes[code]; ok {
		return strings.TrimPrefix(known.Name, "Status")
	}
	return fmt.Sprintf("0x%08X", uint32(code))
}
