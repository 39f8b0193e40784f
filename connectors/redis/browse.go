package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"github.com/onstream/onstream/connectors"
)

// Topics implements [connectors.Browser]. Streams that end with a number are taken for the
// partitions of a topic where the connector has partitions; it has as many as the connector says, also
// where nothing has come to some of them yet.
func (c *connection) Topics(ctx context.Context) ([]connectors.TopicInfo, error) {
	if err := c.startUp(ctx, false); err != nil { // it has the remedy
		return nil, err
	}
	var mu sync.Mutex
	topics := map[string]*connectors.TopicInfo{}
	scan := func(ctx context.Context, node *goredis.Client) error {
		it := node.ScanType(ctx, 0, "*", 1000, "stream").Iterator()
		for it.Next(ctx) {
			key := it.Val()
			n, err := node.XLen(ctx, key).Result()
			if err != nil {
				return fmt.Errorf("stream %s: %w", key, err)
			}
			if strings.HasPrefix(key, stateBase) {
				continue
			}
			name, partitions := key, 1
			if base, p, ok := cutPartition(key); ok && c.options.partitions > 1 {
				name, partitions = base, max(c.options.partitions, p+1)
			}
			mu.Lock()
			t := topics[name]
			if t == nil {
				t = &connectors.TopicInfo{Name: string(connectors.TopicOf(name, ":"))}
				topics[name] = t
			}
			t.Partitions = max(t.Partitions, partitions)
			t.Records += n
			mu.Unlock()
		}
		return it.Err()
	}
	var err error
	switch client := c.client.(type) {
	case *goredis.ClusterClient:
		err = client.ForEachMaster(ctx, scan)
	case *goredis.Client:
		err = scan(ctx, client)
	default:
		err = errors.New("the streams of such a connection cannot be listed")
	}
	if err := c.try("list the streams", err); err != nil {
		return nil, err
	}
	var all []connectors.TopicInfo
	for _, t := range topics {
		all = append(all, *t)
	}
	slices.SortFunc(all, func(a, b connectors.TopicInfo) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}
