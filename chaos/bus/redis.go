package bus

import (
	"context"
	"fmt"
	"hash/fnv"
	"os/exec"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// redisPartitions is how many streams a topic has.
const redisPartitions = 4

func redisServer() Kind {
	return Kind{
		Name: "redis", Server: "redis-server", Source: "in", Shares: true, Relayed: true, Silence: time.Second, Redelivers: true,
		Absent: absentProgram("redis-server"),
		Launch: func(s site) (command, error) {
			host, port, _ := strings.Cut(s.addr, ":")
			return command{words: []string{"redis-server", "--bind", host, "--port", port, "--dir", s.dir, "--appendonly", "yes", "--appendfsync", "always", "--save", ""}}, nil
		},
		Connector: func(name, addr string, _ Options) string {
			return fmt.Sprintf(`connector "redis" %q {
  addrs           = [%q]
  partitions      = %d
  claim_idle      = "1s"
  block           = "100ms"
  read_timeout    = "2s"
  connect_timeout = "2s"
  retry {
    backoff     = "20ms"
    max_backoff = "200ms"
  }
}
`, name, addr, redisPartitions)
		},
		Connect: func(addr, run string) Client {
			goredis.SetLogger(silent{}) // that a server is away is what this is about
			return &redis{goredis.NewClient(&goredis.Options{Addr: addr, MaxRetries: -1, DialTimeout: time.Second, ReadTimeout: confirmLimit}), run}
		},
	}
}

// silent is a log of the driver that nobody reads.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// absentProgram says that a program is not installed.
func absentProgram(name string) func() string {
	return func() string {
		if _, err := exec.LookPath(name); err != nil {
			return name + " is not installed"
		}
		return ""
	}
}

// redis is a client of Redis.
type redis struct {
	client *goredis.Client
	run    string
}

func (r *redis) stream(topic string, partition int) string {
	return fmt.Sprintf("%s:%s:%d", r.run, strings.ReplaceAll(topic, ".", ":"), partition)
}

// Make implements [Client]: writing makes a stream.
func (r *redis) Make(context.Context, string) error { return nil }

// Keep implements [Client]: streams keep everything.
func (r *redis) Keep(context.Context, []string) error { return nil }

func (r *redis) Send(ctx context.Context, topic string, messages []Message) (int, error) {
	for tries := 1; ; tries++ {
		// All of them are written, or none.
		_, err := r.client.TxPipelined(ctx, func(p goredis.Pipeliner) error {
			for _, m := range messages {
				h := fnv.New32a()
				_, _ = h.Write([]byte(m.Key)) // a hash takes everything
				p.XAdd(ctx, &goredis.XAddArgs{Stream: r.stream(topic, int(h.Sum32()%redisPartitions)), Values: []any{"value", m.Text, "key", m.Key}})
			}
			return nil
		})
		if err == nil {
			return tries, nil
		}
		if err := pause(ctx); err != nil {
			return tries, err
		}
	}
}

func (r *redis) Follow(ctx context.Context, topics []string, f func(topic string, text []byte)) error {
	of := map[string]string{}
	var streams, after []string
	for _, t := range topics {
		for p := range redisPartitions {
			of[r.stream(t, p)] = t
			streams, after = append(streams, r.stream(t, p)), append(after, "0")
		}
	}
	for ctx.Err() == nil {
		found, err := r.client.XRead(ctx, &goredis.XReadArgs{Streams: append(append([]string{}, streams...), after...), Block: 50 * time.Millisecond}).Result()
		if err != nil {
			_ = pause(ctx) // and then ctx is looked at
			continue
		}
		for _, s := range found {
			for _, e := range s.Messages {
				text, _ := e.Values["value"].(string)
				f(of[s.Stream], []byte(text))
				for i := range streams {
					if streams[i] == s.Stream {
						after[i] = e.ID
					}
				}
			}
		}
	}
	return nil
}

func (r *redis) Close() { _ = r.client.Close() } // nothing is under way
