package process

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	goplugin "github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/onstream/onstream/plugins"
)

// How a process is brought to its end: it is told, after askAfter it gets a signal, and after killAfter it is killed.
const (
	tellFor   = 500 * time.Millisecond
	askAfter  = 500 * time.Millisecond
	killAfter = time.Second
	// lookAfter is how often a process is asked whether it lives.
	lookAfter = 10 * time.Second
)

// Process is a plugin that runs. It is safe for concurrent use.
type Process struct {
	runner *runner
	client *plugin.Client
	conn   *grpc.ClientConn
	dir    string
	ended  chan struct{}
	stop   sync.Once
}

// Start starts the program and makes the handshake. When ctx ends before that is done, the process is killed and Start returns; afterwards ctx is
// of no account. Errors about the program are [plugins.ConfigError] with the paths of the plugin's block in a pipeline.
func Start(ctx context.Context, c Config) (*Process, error) {
	program, err := openProgram(c.Source, c.SHA256)
	if err != nil {
		return nil, err
	}
	defer program.close()
	tlsConfig, certificate, err := hostCertificate()
	if err != nil {
		return nil, err
	}
	dir, err := newFolder()
	if err != nil {
		return nil, fmt.Errorf("make the plugin's folder for temporary files: %w", err)
	}
	out := newOutput(c.Logger, c.Hide)
	p := &Process{dir: dir, ended: make(chan struct{}), runner: newRunner(program, out, c)}
	p.client = plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: c.Handshake, VersionedPlugins: c.Versions, AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		TLSConfig: tlsConfig, SkipHostEnv: true, StartTimeout: c.Start + time.Minute, // it is killed before
		Logger: hclog.NewNullLogger(), UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: dir},
		SyncStdout: &stream{out: out}, SyncStderr: &stream{out: out},
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(c.MaxMessage), grpc.MaxCallSendMsgSize(c.MaxMessage)),
			grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(window), grpc.WithReadBufferSize(buffer), grpc.WithWriteBufferSize(buffer),
			grpc.WithDisableServiceConfig(), grpc.WithDisableRetry(),
		},
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, _ string) (goplugin.Runner, error) {
			cmd.Path, cmd.Args = program.executed(), append([]string{c.Source}, c.Args...)
			cmd.Env = append(cmd.Env, "PLUGIN_CLIENT_CERT="+certificate)
			if _, own := c.Env["TMPDIR"]; !own {
				cmd.Env = append(cmd.Env, "TMPDIR="+dir)
			}
			for name, value := range c.Env {
				cmd.Env = append(cmd.Env, name+"="+value.Reveal())
			}
			p.runner.cmd = cmd
			return p.runner, nil
		},
	})
	if err := p.greet(ctx, c); err != nil {
		p.client.Kill()
		p.remove()
		return nil, err
	}
	go p.await()
	return p, nil
}

const (
	// window is how much may be under way on a stream, so that a batch needs not wait for the other side's reading of its first part.
	window = 8 << 20
	buffer = 128 << 10
)

// greet starts the program and connects to it. When it fails, the process has ended.
func (p *Process) greet(ctx context.Context, c Config) error {
	r := p.runner
	limit := time.AfterFunc(c.Start, func() {
		r.kill(fmt.Sprintf("it has not finished its handshake within %v (limits.start)", c.Start))
	})
	defer limit.Stop()
	defer context.AfterFunc(ctx, func() { r.kill("the start was given up") })()
	client, err := p.client.Client()
	if err == nil {
		half, ok := client.(*plugin.GRPCClient)
		if ok {
			p.conn = half.Conn
			return nil
		}
		err = fmt.Errorf("it speaks %s", p.client.Protocol())
	}
	switch {
	case r.failed != nil:
		err = r.failed
	case r.cmd == nil: // go-plugin has not come so far
		err = fmt.Errorf("start a plugin: %w", err)
	default:
		err = p.refused(c, err)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// refused says why a process is of no use, and sees to it that it has ended.
func (p *Process) refused(c Config, err error) error {
	r := p.runner
	select {
	case <-r.exited:
	case <-time.After(killAfter): // it has closed its standard output, and may be about to end
		r.kill("")
	}
	<-r.finished
	why := r.reason()
	switch {
	case r.why != "":
	case r.greeted:
		why = "its handshake is not right: " + r.out.show(err.Error(), 300)
	default:
		why += " before its handshake"
	}
	return plugins.ConfigErrorf("source", "%s cannot be used: %s%s", c.Source, why, r.out.said())
}

// await cleans up when the process has ended.
func (p *Process) await() {
	<-p.runner.exited
	p.client.Kill()
	p.remove()
	close(p.ended)
}

func (p *Process) remove() {
	_ = os.RemoveAll(p.dir) // what cannot be removed is in the folder for temporary files
}

// Conn returns the connection.
func (p *Process) Conn() *grpc.ClientConn { return p.conn }

// PID returns the number of the process.
func (p *Process) PID() int { return p.runner.pid() }

// Exited is closed when the process has ended: nothing can be expected of it any more.
func (p *Process) Exited() <-chan struct{} { return p.runner.exited }

// Reason says how a process has ended, with what it said last. It waits until all that it said was read.
func (p *Process) Reason() string {
	<-p.runner.finished
	return p.runner.reason() + p.runner.out.said()
}

// Kill ends the process at once, for a reason; where it has ended already, or is ended, that counts.
func (p *Process) Kill(why string) { p.runner.kill(why) }

// Stop ends the process in order, and returns when nothing is left of it. That takes no longer than a few seconds.
func (p *Process) Stop() {
	p.stop.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), tellFor)
		defer cancel()
		_ = p.conn.Invoke(ctx, "/plugin.GRPCController/Shutdown", &emptypb.Empty{}, &emptypb.Empty{}) // whether it has listened shows
		p.runner.end()
	})
	<-p.ended
}

// Watch asks the process now and then whether it lives, and kills it when it does not answer within the timeout. It returns when the process has ended.
func (p *Process) Watch(timeout time.Duration) {
	health := grpc_health_v1.NewHealthClient(p.conn)
	tick := time.NewTicker(lookAfter)
	defer tick.Stop()
	for {
		select {
		case <-p.runner.exited:
			return
		case <-tick.C:
		}
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		_, err := health.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: plugin.GRPCServiceName})
		cancel()
		if status.Code(err) == codes.DeadlineExceeded {
			p.Kill(fmt.Sprintf("it has not answered within %v (limits.timeout)", timeout))
		}
	}
}
