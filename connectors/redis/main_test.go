package redis_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/redis"
	"github.com/onstream/onstream/plugins"
)

// database is that of the tests: it is emptied when they have run.
const database = 13

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(bustest.WatermillCopies), goleak.IgnoreAnyFunction(bustest.WatermillCloses), goleak.Cleanup(func(code int) {
		if addr := os.Getenv("ONSTREAM_TEST_REDIS"); addr != "" {
			if err := goredis.NewClient(&goredis.Options{Addr: addr, DB: database}).FlushDB(context.Background()).Err(); err != nil {
				fmt.Fprintln(os.Stderr, "the database of the tests could not be emptied:", err)
			}
		}
		os.Exit(code)
	}))
}

// kindOf returns the kind of connector, of a registry of its own.
func kindOf(t testing.TB) plugins.ConnectorKind {
	return bustest.Kind(t, redis.Register, "redis")
}

// open makes a connection, which is closed at the end of the test.
func open(t testing.TB, c plugins.Config) connectors.Bus {
	return bustest.Connect(t, kindOf(t), c, bustest.Env("connector.bus"))
}

// server returns the address of a real server, or skips the test.
func server(t testing.TB) string { return bustest.Server(t, "ONSTREAM_TEST_REDIS") }

// config returns a block for a server, with quick attempts to connect.
func config(t testing.TB, addr string, values map[string]any, more ...plugins.ConfigBlock) plugins.Config {
	t.Helper()
	s := kindOf(t).Schema
	all := map[string]any{"addrs": []string{addr}, "claim_idle": time.Second, "block": 50 * time.Millisecond, "db": int64(database)}
	for name, v := range values {
		all[name] = v
	}
	return bustest.Block(s, all, append(more, bustest.Nested(s, "retry", map[string]any{"backoff": 5 * time.Millisecond, "max_backoff": 50 * time.Millisecond}))...)
}
