package remote

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// logged is what a plugin has logged.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// serveKinds serves kinds in this process, for a host that the test is itself.
func serveKinds(t *testing.T, kinds ...any) (pb.PluginClient, *logged) {
	t.Helper()
	log := &logged{}
	a, err := newAuthor(Serving{Name: "acme", Version: "1.2.3", Registry: registryOf(t, kinds...)}, slog.New(logHandler(log)))
	if err != nil {
		t.Fatal(err)
	}
	lis := bufconn.Listen(1 << 20)
	s := a.keep(grpc.NewServer(serverOptions()...))
	pb.RegisterPluginServer(s, a)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(lis) }()
	c, err := grpc.NewClient("passthrough:///plugin", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(wire.MaxMessage), grpc.MaxCallSendMsgSize(wire.MaxMessage)),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		a.stop()
		a.streams.Wait() // every stream cleans up
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if n := len(a.shared); n > 0 {
			t.Errorf("%d stages still share something", n)
		}
	})
	return pb.NewPluginClient(c), log
}

func registryOf(t *testing.T, kinds ...any) *plugins.Registry {
	t.Helper()
	r := &plugins.Registry{}
	for _, k := range kinds {
		var err error
		switch k := k.(type) {
		case plugins.SourceKind:
			err = r.AddSource(k)
		case plugins.TransformKind:
			err = r.AddTransform(k)
		case plugins.SinkKind:
			err = r.AddSink(k)
		case plugins.LookupKind:
			err = r.AddLookup(k)
		case plugins.Codec:
			err = r.AddCodec(k)
		case plugins.ConnectorKind:
			err = r.AddConnector(k)
		default:
			t.Fatalf("%T is no kind", k)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// stageOf is the message of a stage without attributes.
func stageOf(role pb.Role, kind string) *pb.Stage {
	return &pb.Stage{Role: role, Kind: kind, Address: roleName(role) + ".x", Pipeline: "test"}
}

// receive fails the test where the other half ends the stream.
func receive[T any](t *testing.T, s interface{ Recv() (*T, error) }) *T {
	t.Helper()
	x, err := s.Recv()
	if err != nil {
		t.Fatalf("receive: %v", err)
	}
	return x
}

func transmit[T any](t *testing.T, s interface{ Send(*T) error }, x *T) {
	t.Helper()
	if err := s.Send(x); err != nil {
		t.Fatalf("send: %v", err)
	}
}

// finish closes the requests of a stream, and fails the test where it does not end well.
func finish[T any](t *testing.T, s interface {
	Recv() (*T, error)
	CloseSend() error
}) {
	t.Helper()
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := s.Recv(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("the stream ends with %v", err)
		}
	}
}

// linesOf is a run of texts in a message.
func linesOf(parts ...string) *pb.Bytes {
	p := &pb.Bytes{}
	for _, s := range parts {
		p.Data, p.Lengths = append(p.Data, s...), append(p.Lengths, uint32(len(s)))
	}
	return p
}

// partsOf are the texts of a run in a message.
func partsOf(t *testing.T, p *pb.Bytes) []string {
	t.Helper()
	parts, err := wire.Parts("texts", p, len(p.GetLengths()))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, x := range parts {
		all = append(all, string(x))
	}
	return all
}
