package connectors_test

import (
	"context"
	stdsql "database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill-sql/v4/pkg/sql"
	"github.com/ThreeDotsLabs/watermill/message"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	_ "modernc.org/sqlite"             // the driver sqlite

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// sqlKind makes a kind of connector of watermill-sql, as somebody would who builds a program
// of his own.
func sqlKind(db sql.Beginner, schema sql.SchemaAdapter, offsets sql.OffsetsAdapter) func(*plugins.Registry) error {
	kind := connectors.WatermillKind("sql", plugins.Schema{}, func(plugins.Config, plugins.Env) (connectors.Watermill, error) {
		return connectors.Watermill{
			NewPublisher: func() (message.Publisher, error) {
				return sql.NewPublisher(db, sql.PublisherConfig{SchemaAdapter: schema, AutoInitializeSchema: true}, nil)
			},
			NewSubscriber: func(group string) (message.Subscriber, error) {
				never := time.Duration(0)
				return sql.NewSubscriber(db, sql.SubscriberConfig{
					ConsumerGroup: group, SchemaAdapter: schema, OffsetsAdapter: offsets, InitializeSchema: true,
					PollInterval: 5 * time.Millisecond, ResendInterval: time.Millisecond, RetryInterval: 5 * time.Millisecond, AckDeadline: &never,
				}, nil)
			},
		}, nil
	})
	reads, writes := kind.Reads, kind.Writes
	kind.Reads = func(c plugins.Config) (plugins.Capabilities, error) {
		can, err := reads(c)
		can.Ordered = true
		return can, err
	}
	kind.Writes = func(c plugins.Config) (plugins.Capabilities, error) {
		can, err := writes(c)
		can.Ordered = true
		return can, err
	}
	return func(r *plugins.Registry) error { return r.AddConnector(kind) }
}

func sqlBus(server string, register func(*plugins.Registry) error) bustest.Bus {
	return bustest.Bus{
		Register: register,
		Kind:     "sql",
		Server:   server,
		Config:   func(testing.TB, string) plugins.Config { return plugins.NewConfig(nil) },
		Features: bustest.Features{
			Keys: true, Groups: true, Rewinds: true, Window: 1, ClosingDuplicates: 1,
			Starts: []connectors.Start{connectors.StartEarliest},
		},
	}
}

func TestWatermillSQLite(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "bus.db")
	db, err := stdsql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(30000)&_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	bustest.Run(t, sqlBus("watermill-sql on SQLite", sqlKind(autocommit{db}, sqlite{}, sqliteOffsets{})))
}

func TestWatermillPostgreSQL(t *testing.T) {
	t.Parallel()
	addr := os.Getenv("ONSTREAM_TEST_POSTGRES")
	if addr == "" {
		t.Skip("set ONSTREAM_TEST_POSTGRES to the address of a PostgreSQL server")
	}
	if !strings.Contains(addr, "://") {
		addr = "postgres://postgres@" + addr + "/postgres?sslmode=disable"
	}
	db, err := stdsql.Open("pgx", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(80)
	// The queue adapters of watermill-sql acknowledge all rows of a query when the first of
	// them is acknowledged: 1 is the one safe size for those, and does no harm here.
	schema := sql.DefaultPostgreSQLSchema{GeneratePayloadType: func(string) string { return "BYTEA" }, SubscribeBatchSize: 1}
	bustest.Run(t, sqlBus("watermill-sql on PostgreSQL", sqlKind(sql.BeginnerFromStdSQL(db), schema, sql.DefaultPostgreSQLOffsetsAdapter{})))
}

// autocommit is a database without transactions: SQLite would have writers wait for one that
// is open until a record is acknowledged.
type autocommit struct{ *stdsql.DB }

func (a autocommit) BeginTx(context.Context, *stdsql.TxOptions) (sql.Tx, error) {
	return noTransaction{a}, nil
}

func (a autocommit) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return a.DB.ExecContext(ctx, query, args...)
}

func (a autocommit) QueryContext(ctx context.Context, query string, args ...any) (sql.Rows, error) {
	return a.DB.QueryContext(ctx, query, args...)
}

// noTransaction is what such a database begins.
type noTransaction struct{ autocommit }

func (noTransaction) Commit() error   { return nil }
func (noTransaction) Rollback() error { return nil }

// sqlite is the adapters of watermill-sql for that database, which it has none for.
type sqlite struct{}

func (sqlite) InsertQuery(p sql.InsertQueryParams) (sql.Query, error) {
	var args []any
	for _, m := range p.Msgs {
		metadata, err := json.Marshal(m.Metadata)
		if err != nil {
			return sql.Query{}, err
		}
		args = append(args, m.UUID, []byte(m.Payload), metadata)
	}
	rows := strings.TrimSuffix(strings.Repeat("(?,?,?),", len(p.Msgs)), ",")
	return sql.Query{Query: fmt.Sprintf(`INSERT INTO "m_%s" (uuid, payload, metadata) VALUES %s`, p.Topic, rows), Args: args}, nil
}

func (sqlite) SelectQuery(p sql.SelectQueryParams) (sql.Query, error) {
	return sql.Query{
		Query: fmt.Sprintf(`SELECT "offset", uuid, payload, metadata FROM "m_%s" WHERE "offset" > COALESCE((SELECT acked FROM "o_%s" WHERE consumer_group = ?), 0) ORDER BY "offset" LIMIT 1`, p.Topic, p.Topic),
		Args:  []any{p.ConsumerGroup},
	}, nil
}

func (sqlite) UnmarshalMessage(p sql.UnmarshalMessageParams) (sql.Row, error) {
	var r sql.Row
	if err := p.Row.Scan(&r.Offset, &r.UUID, &r.Payload, &r.Metadata); err != nil {
		return r, err
	}
	r.Msg = message.NewMessage(string(r.UUID), r.Payload)
	return r, json.Unmarshal(r.Metadata, &r.Msg.Metadata)
}

func (sqlite) SchemaInitializingQueries(p sql.SchemaInitializingQueriesParams) ([]sql.Query, error) {
	return tables(p.Topic), nil
}

func (sqlite) SubscribeIsolationLevel() stdsql.IsolationLevel { return stdsql.LevelDefault }

func tables(topic string) []sql.Query {
	return []sql.Query{
		{Query: fmt.Sprintf(`CREATE TABLE IF NOT EXISTS "m_%s" ("offset" INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT, payload BLOB, metadata BLOB)`, topic)},
		{Query: fmt.Sprintf(`CREATE TABLE IF NOT EXISTS "o_%s" (consumer_group TEXT PRIMARY KEY, acked INTEGER)`, topic)},
	}
}

// sqliteOffsets is where groups stand; its tables are made with those of the messages.
type sqliteOffsets struct{}

func (sqliteOffsets) SchemaInitializingQueries(sql.OffsetsSchemaInitializingQueriesParams) ([]sql.Query, error) {
	return nil, nil
}

func (sqliteOffsets) AckMessageQuery(p sql.AckMessageQueryParams) (sql.Query, error) {
	return sql.Query{
		Query: fmt.Sprintf(`INSERT INTO "o_%s" (consumer_group, acked) VALUES (?, ?) ON CONFLICT (consumer_group) DO UPDATE SET acked = max(acked, excluded.acked)`, p.Topic),
		Args:  []any{p.ConsumerGroup, p.LastRow.Offset},
	}, nil
}

func (sqliteOffsets) ConsumedMessageQuery(sql.ConsumedMessageQueryParams) (sql.Query, error) {
	return sql.Query{}, nil
}

func (sqliteOffsets) NextOffsetQuery(sql.NextOffsetQueryParams) (sql.Query, error) {
	return sql.Query{}, errors.New("the select has it")
}

func (sqliteOffsets) BeforeSubscribingQueries(sql.BeforeSubscribingQueriesParams) ([]sql.Query, error) {
	return nil, nil
}
