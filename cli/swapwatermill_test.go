package cli

import (
	"context"
	stdsql "database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill-sql/v4/pkg/sql"
	"github.com/ThreeDotsLabs/watermill/message"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

// The pipeline of the swap test, in a program that has a Watermill pub/sub beside the
// buses that are built in.
func TestSwapTheBusForWatermill(t *testing.T) {
	t.Parallel()
	addr := server("ONSTREAM_TEST_POSTGRES")(t)
	db, err := stdsql.Open("pgx", "postgres://postgres@"+addr+"/postgres?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	dir := workspace(t)
	write(t, filepath.Join(dir, "examples", "bus-swap", "bus.hcl"), "connector \"sql\" \"bus\" {}\n")
	swapped(t, dir, func(t *testing.T, dir, listen, site string, out, log *os.File) func() error {
		c := &cli{stdin: strings.NewReader(""), stdout: out, stderr: log, lookupEnv: os.LookupEnv}
		stdout := newPipe(c.stdout)
		r, err := c.registry(stdout)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.AddConnector(postgresKind(db)); err != nil {
			t.Fatal(err)
		}
		f := &runFlags{
			values: &values{vars: pairs{"listen": listen, "site": site}}, state: filepath.Join(dir, "state"),
			output: &choice{value: "text"}, logFormat: &choice{value: "text"}, logLevel: &choice{value: "info"},
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() {
			signals := notifySignals(ctx)
			defer signals.stop()
			ended <- c.runPipelines(ctx, r, stdout, []string{filepath.Join(dir, "examples", "bus-swap")}, f, signals)
		}()
		return func() error {
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				return err
			}
			return nil
		}
	})
}

// postgresKind makes a kind of connector of watermill-sql.
func postgresKind(db *stdsql.DB) plugins.ConnectorKind {
	never := time.Duration(0)
	schema := sql.DefaultPostgreSQLSchema{GeneratePayloadType: func(string) string { return "BYTEA" }, SubscribeBatchSize: 1}
	beginner := sql.BeginnerFromStdSQL(db)
	return connectors.WatermillKind("sql", plugins.Schema{}, func(plugins.Config, plugins.Env) (connectors.Watermill, error) {
		return connectors.Watermill{
			NewPublisher: func() (message.Publisher, error) {
				return sql.NewPublisher(beginner, sql.PublisherConfig{SchemaAdapter: schema, AutoInitializeSchema: true}, nil)
			},
			NewSubscriber: func(group string) (message.Subscriber, error) {
				return sql.NewSubscriber(beginner, sql.SubscriberConfig{
					ConsumerGroup: group, SchemaAdapter: schema, OffsetsAdapter: sql.DefaultPostgreSQLOffsetsAdapter{}, InitializeSchema: true,
					PollInterval: 5 * time.Millisecond, ResendInterval: time.Millisecond, RetryInterval: 5 * time.Millisecond, AckDeadline: &never,
				}, nil)
			},
		}, nil
	})
}
