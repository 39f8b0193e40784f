package redis

import (
	"context"
	"fmt"

	goredis "github.com/redis/go-redis/v9"
)

// durably has commands done in one step, and waits until as many replicas have it as the
// connector asks for.
func (c *connection) durably(ctx context.Context, doing string, commands ...goredis.Cmder) error {
	client, single := c.client.(*goredis.Client)
	want := c.options.waitReplicas
	if want == 0 || !single {
		return c.inStep(ctx, c.client.TxPipeline(), doing, commands)
	}
	conn := client.Conn() // WAIT is about what the same connection has written
	defer conn.Close()
	if err := c.inStep(ctx, conn.TxPipeline(), doing, commands); err != nil {
		return err
	}
	n, err := conn.Wait(ctx, want, c.options.readTimeout/2).Result()
	if err == nil && int(n) < want {
		return fmt.Errorf("%s at %s: %d replicas have it, and wait_replicas asks for %d", doing, c.place, n, want)
	}
	return c.try(doing, err)
}

// together has commands done in one step.
func (c *connection) together(ctx context.Context, doing string, commands ...goredis.Cmder) error {
	return c.inStep(ctx, c.client.TxPipeline(), doing, commands)
}

func (c *connection) inStep(ctx context.Context, pipe goredis.Pipeliner, doing string, commands []goredis.Cmder) error {
	for _, x := range commands {
		_ = pipe.Process(ctx, x) // it only notes it
	}
	_, err := pipe.Exec(ctx)
	for _, x := range commands {
		if e := x.Err(); e != nil && isServers(e) {
			err = e // the reason, not that nothing was done
			break
		}
	}
	return c.try(doing, err)
}
