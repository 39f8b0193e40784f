package redis

import (
	"context"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/onstream/onstream/plugins"
)

// checkPartitions finds streams of a topic that tell that it is divided otherwise than the connector
// says: what is in them would not be read, or records of a key would be in two streams. It looks
// for streams up to a number.
func (c *connection) checkPartitions(ctx context.Context, base string, most int) error {
	n := c.options.partitions
	first := n
	if n == 1 {
		first = 0
	}
	var names []string
	for p := first; p < max(most, first+1); p++ {
		names = append(names, streamOf(base, p, maxPartitions))
	}
	if n > 1 {
		names = append(names, base)
	}
	kinds := make([]*goredis.StatusCmd, len(names))
	_, err := c.client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		for i, name := range names {
			kinds[i] = pipe.Type(ctx, name)
		}
		return nil
	})
	if strings.HasPrefix(textOf(err), forbidden) {
		err = nil // who may not see a stream does without
	}
	if err := c.try("look for streams of topic "+base, err); err != nil {
		return err
	}
	for i := len(names) - 1; i >= 0; i-- {
		switch name := names[i]; {
		case kinds[i].Val() != "stream":
		case name == base:
			return plugins.Permanent(fmt.Errorf("there is a stream %s, and with partitions = %d only those with a number behind that are the topic's: write partitions = 1, or choose another topic", base, n))
		default:
			return plugins.Permanent(fmt.Errorf("the topic %s has at least %s (there is a stream %s), and the connector says partitions = %d: write the number that all have who write and read it, or choose another topic", base, plural(first+i+1), name, n))
		}
	}
	return nil
}

func plural(partitions int) string {
	if partitions == 1 {
		return "1 partition"
	}
	return fmt.Sprintf("%d partitions", partitions)
}
