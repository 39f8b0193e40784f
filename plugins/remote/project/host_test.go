package project_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"io"
	"math/big"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/proto"

	"github.com/onstream/onstream/plugins/remote/pb"
)

// A session is a plugin's process with the client that speaks to it: the protocol as plugin.proto tells it, without what onstream does about
// it, so that a test sees each message.
type session struct {
	pb.PluginClient
	conn *grpc.ClientConn
	cmd  *exec.Cmd
	log  *buffer
	// stdin ends with the host.
	stdin io.Closer
	// ended is closed when the process has ended.
	ended chan struct{}
}

// buffer is written to while others read.
type buffer struct {
	mu   sync.Mutex
	data bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data.String()
}

// start starts a program as a host does.
func start(t *testing.T, program string, env ...string) *session {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(env, "ONSTREAM_PLUGIN=onstream.plugin.v1", "PLUGIN_PROTOCOL_VERSIONS=1",
		"PLUGIN_CLIENT_CERT="+string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	log := &buffer{}
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &session{cmd: cmd, log: log, stdin: stdin, ended: make(chan struct{})}
	printed := bufio.NewReader(out)
	line, err := printed.ReadString('\n')
	go func() {
		_, _ = io.Copy(io.Discard, printed)
		_ = cmd.Wait()
		close(s.ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-s.ended
	})
	parts := strings.Split(strings.TrimSpace(line), "|")
	if err != nil || len(parts) != 6 || strings.Join(parts[:3], "|") != "1|1|tcp" || parts[4] != "grpc" {
		t.Fatalf("the handshake is %q, %v; it says %s", line, err, log)
	}
	server, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(server)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	s.conn, err = grpc.NewClient(parts[3], grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS13,
	})), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(32<<20), grpc.MaxCallSendMsgSize(32<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.conn.Close() })
	s.PluginClient = pb.NewPluginClient(s.conn)
	return s
}

// stop does what go-plugin does at the end, and returns how long the process took.
func (s *session) stop(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	var nothing []byte
	_ = s.conn.Invoke(t.Context(), "/plugin.GRPCController/Shutdown", &nothing, &nothing, grpc.ForceCodec(raw{}))
	<-s.ended
	return time.Since(began)
}

// healthy reports whether the process says so.
func (s *session) healthy(ctx context.Context) bool {
	r, err := grpc_health_v1.NewHealthClient(s.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: "plugin"})
	return err == nil && r.GetStatus() == grpc_health_v1.HealthCheckResponse_SERVING
}

// raw sends bytes as they are.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error { *v.(*[]byte) = data; return nil }
func (raw) Name() string                       { return "proto" }

// What follows makes messages.

func runs(texts ...string) *pb.Bytes {
	b := &pb.Bytes{}
	for _, s := range texts {
		b.Data = append(b.Data, s...)
		b.Lengths = append(b.Lengths, uint32(len(s)))
	}
	return b
}

func texts(b *pb.Bytes) []string {
	var made []string
	data := b.GetData()
	for _, n := range b.GetLengths() {
		made = append(made, string(data[:n]))
		data = data[n:]
	}
	return made
}

func config(settings ...*pb.Setting) *pb.Config { return &pb.Config{Settings: settings} }

func text(name, value string) *pb.Setting {
	return &pb.Setting{Name: name, Value: &pb.Setting_String_{String_: value}}
}

func integer(name string, value int64) *pb.Setting {
	return &pb.Setting{Name: name, Value: &pb.Setting_Int{Int: value}}
}

func expression(name string, kind pb.ValueKind) *pb.Setting {
	return &pb.Setting{Name: name, Value: &pb.Setting_Expression{Expression: &pb.Expression{Type: &pb.Type{Kind: kind, Nullable: true}, Text: "event.x", Column: "c:" + name}}}
}

// sent sends a message and returns the answer.
func sent[Q, A any](t *testing.T, stream grpc.BidiStreamingClient[Q, A], request *Q) *A {
	t.Helper()
	if err := stream.Send(request); err != nil {
		t.Fatal(err)
	}
	return received(t, stream)
}

func received[Q, A any](t *testing.T, stream grpc.BidiStreamingClient[Q, A]) *A {
	t.Helper()
	reply, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// same compares messages.
func same(t *testing.T, is, want proto.Message) {
	t.Helper()
	if !proto.Equal(is, want) {
		t.Errorf("it is %v\nnot %v", is, want)
	}
}
