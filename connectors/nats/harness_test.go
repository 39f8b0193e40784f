package nats_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/connectors/nats"
	"github.com/onstream/onstream/plugins"
)

// asServer makes the test's own program a server: it is the folder of its streams. So there is a process
// that can be killed.
const asServer = "ONSTREAM_NATS_TEST_SERVER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asServer); dir != "" {
		os.Exit(serveAlone(dir, os.Args[1]))
	}
	if dir := os.Getenv(asEmbedded); dir != "" {
		os.Exit(serveEmbedded(dir))
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(bustest.WatermillCopies), goleak.IgnoreAnyFunction(bustest.WatermillCloses))
}

// serveAlone runs a server until standard input ends.
func serveAlone(dir, port string) int {
	n, err := strconv.Atoi(port)
	if err != nil {
		return 2
	}
	s, err := server.NewServer(&server.Options{ServerName: "test", Host: "127.0.0.1", Port: n, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	s.Start()
	if !s.ReadyForConnections(time.Minute) {
		return 1
	}
	fmt.Println(s.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	s.Shutdown()
	s.WaitForShutdown()
	return 0
}

// process is a server in a process of its own, at an address that it keeps.
type process struct {
	dir, port string
	mu        sync.Mutex
	cmd       *exec.Cmd
	stdin     io.Closer
}

func serveProcess(t testing.TB) *process {
	t.Helper()
	p := &process{dir: t.TempDir()}
	_, p.port, _ = net.SplitHostPort(bustest.Nowhere(t))
	p.start(t)
	t.Cleanup(func() { p.stop(t) })
	return p
}

func (p *process) start(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	cmd := exec.Command(os.Args[0], p.port)
	cmd.Env = append(os.Environ(), asServer+"="+p.dir)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatalf("the server does not start: %v", err)
	}
	p.cmd, p.stdin = cmd, stdin
}

func (p *process) stop(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stdin.Close()
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the server ended with: %v", err)
	}
}

// restart stops the server in order, kill does it with kill -9; both start it again.
func (p *process) restart(t testing.TB) {
	p.stop(t)
	p.start(t)
}

func (p *process) kill(t testing.TB) {
	p.mu.Lock()
	err := p.cmd.Process.Kill()
	if err == nil {
		_ = p.cmd.Wait() // it was killed
	}
	p.stdin.Close()
	p.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	p.start(t)
}

func (p *process) addr() string { return "127.0.0.1:" + p.port }

// broker is a server in the process of a test.
type broker struct{ *server.Server }

func serve(t testing.TB, change func(*server.Options)) broker {
	t.Helper()
	opts := &server.Options{ServerName: "test", Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true}
	if change != nil {
		change(opts)
	}
	s, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the server does not start")
	}
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	return broker{s}
}

func (b broker) addr() string { return b.Addr().String() }

func (b broker) url() string { return "nats://" + b.addr() }

// client connects to a server past the connector.
func client(t testing.TB, url string, opts ...natsgo.Option) jetstream.JetStream {
	t.Helper()
	closed := make(chan struct{})
	nc, err := natsgo.Connect(url, append(opts, natsgo.ClosedHandler(func(*natsgo.Conn) { close(closed) }))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		nc.Close()
		<-closed
	})
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// rig is a registry with the kinds of a test.
type rig struct {
	registry *plugins.Registry
	kind     plugins.ConnectorKind
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{registry: &plugins.Registry{}}
	for _, register := range []func(*plugins.Registry) error{connectors.Register, nats.Register} {
		if err := register(r.registry); err != nil {
			t.Fatal(err)
		}
	}
	r.kind, _ = r.registry.Connector("nats")
	return r
}

// config makes a block, which is checked.
func (r *rig) config(values map[string]any, blocks ...plugins.ConfigBlock) plugins.Config {
	return bustest.Block(r.kind.Schema, values, append(blocks, bustest.Nested(r.kind.Schema, "retry", map[string]any{"backoff": 5 * time.Millisecond, "max_backoff": 50 * time.Millisecond}))...)
}

func (r *rig) nested(name string, values map[string]any) plugins.ConfigBlock {
	return bustest.Nested(r.kind.Schema, name, values)
}

func env(stage string) plugins.Env {
	logger := slog.New(slog.DiscardHandler)
	if os.Getenv("NATS_TEST_LOG") != "" {
		logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return plugins.Env{
		Pipeline: "p", Stage: stage, Now: time.Now, Logger: logger, Pool: &plugins.Pool{}, Owner: "owner",
		Framing: plugins.Framing{Terminator: []byte("\n")},
	}
}

// connect makes a connection, which is closed at the end of the test.
func (r *rig) connect(t testing.TB, c plugins.Config, change ...func(*plugins.Env)) connectors.Bus {
	t.Helper()
	if err := r.kind.Check(c); err != nil {
		t.Fatal(err)
	}
	e := env("connector.bus")
	for _, f := range change {
		f(&e)
	}
	made, err := r.kind.New(c, e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := made.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return made.(connectors.Bus)
}
