//go:build unix

package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote"
)

// TestMain is the program of a plugin where a host has started it, as its arguments say.
func TestMain(m *testing.M) {
	if os.Getenv(remote.Cookie) == "" {
		goleak.VerifyTestMain(m)
	}
	os.Exit(program(os.Args[1]))
}

// program behaves as a test wants it.
func program(mode string) int {
	switch mode {
	case "garbage":
		fmt.Println("hello \x1b[31mworld")
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "slow":
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "version":
		fmt.Println("1|7|tcp|127.0.0.1:1|grpc|" + strings.Repeat("x", 60))
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "dies":
		fmt.Fprintln(os.Stderr, "no licence for", os.Getenv("TOKEN"))
		return 3
	case "hog":
		return hog()
	case "loud":
		fmt.Fprintln(os.Stderr, strings.Repeat("y", 1<<20))
		return serve()
	case "host": // is a host itself, and tells who its plugin is
		c := remote.Config{Name: "acme", Source: os.Args[0], Args: []string{"serve"}}
		p, err := remote.Launch(context.Background(), c)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Println(p.Pid())
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "environment":
		names := []string{}
		for _, e := range os.Environ() {
			name, _, _ := strings.Cut(e, "=")
			names = append(names, name)
		}
		slices.Sort(names)
		fmt.Fprintln(os.Stderr, names)
		return 3
	case "unsteady":
		return unsteady(os.Args[2])
	case "rogue":
		return runRogue(os.Args[2])
	default:
		return serve()
	}
	return 0
}

// unsteady does not start the second time, nor the third, as the file counts.
func unsteady(file string) int {
	before, _ := os.ReadFile(file) // the first time there is none
	if err := os.WriteFile(file, append(before, '.'), 0o600); err != nil {
		panic(err)
	}
	if n := len(before); n == 1 || n == 2 {
		return 4
	}
	return serve()
}

// hog takes more and more memory.
func hog() int {
	var kept [][]byte
	for i := 0; ; i++ {
		b := make([]byte, 8<<20)
		for k := 0; k < len(b); k += 4096 {
			b[k] = 1
		}
		kept = append(kept, b)
		time.Sleep(time.Millisecond)
		if i > 1000 {
			return len(kept)
		}
	}
}

func serve() int {
	r := new(plugins.Registry)
	err := r.AddTransform(plugins.TransformKind{
		Name: "keep", Schema: plugins.Schema{Doc: "Keeps.", Attrs: []plugins.Attr{{Name: "at", Type: plugins.AttrExpr, Doc: "A number."}}},
		New: func(c plugins.Config, env plugins.Env) (plugins.Transform, error) {
			return keep{c.Expr("at").Evaluator(env)}, nil
		},
	})
	if err == nil {
		err = r.AddSink(plugins.SinkKind{
			Name: "eat", Schema: plugins.Schema{Doc: "Eats."}, Payload: true, DefaultFormat: "json",
			New: func(plugins.Config, plugins.Env) (plugins.Sink, error) { return eat{}, nil },
		})
	}
	if err == nil {
		err = r.AddSource(plugins.SourceKind{
			Name: "count", Schema: plugins.Schema{Doc: "Counts."},
			Output: func(plugins.Config) (plugins.Shape, error) {
				return plugins.Columns(plugins.Field{Name: "n", Type: plugins.Of(plugins.Int)}), nil
			},
			Capabilities: func(plugins.Config) plugins.Capabilities { return plugins.Capabilities{Seekable: true, Ordered: true} },
			New:          func(plugins.Config, plugins.Env) (plugins.Source, error) { return &count{}, nil },
		})
	}
	if err == nil {
		err = errors.Join(addHazards(r), addConforming(r))
	}
	if err != nil {
		panic(err)
	}
	return remote.Serve(remote.Serving{Name: "acme", Version: "1.0.0", Registry: r})
}

// keep drops odd numbers, and ends the process at 13.
type keep struct{ at plugins.Evaluator }

func (k keep) Process(_ context.Context, b *plugins.Batch, out plugins.Emitter) error {
	c := k.at.Eval(b)
	kept := b.Sel[:0]
	dropped := 0
	for _, i := range b.Sel {
		switch {
		case c.Ints[i] == 13:
			os.Exit(9)
		case c.Ints[i] == 15:
			<-make(chan int) // for ever
		case c.Ints[i] == -19:
			saysLong()
			dropped++
		case c.Ints[i] == -23:
			saysMuch()
			dropped++
		case c.Ints[i] == -21:
			hog()
		case c.Ints[i]%2 == 0:
			kept = append(kept, i)
		default:
			dropped++
		}
	}
	b.Sel = kept
	out.Drop(dropped)
	out.Emit(0, b)
	return nil
}

// eat takes all, and ends the process at "bad".
type eat struct{}

func (eat) Write(_ context.Context, b *plugins.Batch, done func(error)) error {
	for _, i := range b.Sel {
		if strings.Contains(string(b.Value(i)), "bad") {
			os.Exit(9)
		}
	}
	done(nil)
	return nil
}

func (eat) Flush(context.Context) error { return nil }

func config(t *testing.T, mode string) remote.Config {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return remote.Config{
		Name: "acme", Source: program, Args: []string{mode}, Env: map[string]plugins.Secret{"TOKEN": plugins.NewSecret("s3cr3t-token")},
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// launch starts a plugin that is closed at the end of the test.
func launch(t *testing.T, c remote.Config) (*remote.Plugin, *plugins.Registry) {
	t.Helper()
	p, err := remote.Launch(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	r := new(plugins.Registry)
	if err := p.Register(r); err != nil {
		t.Fatal(err)
	}
	return p, r
}

func TestProgramsThatAreNoPlugins(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		mode, want string
		change     func(*remote.Config)
	}{
		{mode: "missing", want: "source: there is no file /nowhere/acme: build the plugin, or correct the path", change: func(c *remote.Config) { c.Source = "/nowhere/acme" }},
		{mode: "folder", want: "is a folder: name the program of the plugin in it", change: func(c *remote.Config) { c.Source = os.TempDir() }},
		{mode: "digest", want: "is no SHA-256: it is written in 64 hexadecimal digits", change: func(c *remote.Config) { c.SHA256 = "12" }},
		{mode: "pinned", want: "is not the program that the pipeline wants: its SHA-256 is", change: func(c *remote.Config) { c.SHA256 = strings.Repeat("0", 64) }},
		{mode: "garbage", want: "writes to standard output before its handshake: its first line is \"hello \uFFFD[31mworld\""},
		{mode: "slow", want: "it has not finished its handshake within 300ms (limits.start)", change: func(c *remote.Config) { c.Limits.Start = 300 * time.Millisecond }},
		{mode: "version", want: "the plugin speaks version 7 of the protocol, and this onstream version 1"},
		{mode: "dies", want: "it ended with exit status 3 before its handshake; it said last: no licence for (secret)"},
		{mode: "hog", want: "in memory, more than the 64 MiB of limits.memory", change: func(c *remote.Config) { c.Limits.Memory = 64 << 20 }},
	} {
		t.Run(test.mode, func(t *testing.T) {
			t.Parallel()
			c := config(t, test.mode)
			if test.change != nil {
				test.change(&c)
			}
			p, err := remote.Launch(t.Context(), c)
			if err == nil {
				_ = p.Close()
				t.Fatal("it was launched")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

// emitted takes what a transform emits.
type emitted struct {
	values  []int64
	dropped int
	made    int
}

func (e *emitted) Emit(_ int, b *plugins.Batch) {
	for _, i := range b.Sel {
		e.values = append(e.values, b.Column("n").Ints[i])
	}
}
func (e *emitted) Drop(n int) { e.dropped += n }
func (e *emitted) Make(n int) { e.made += n }

// field is an expression that is a field of the input.
type field string

func (f field) Type() plugins.Type                      { return plugins.Of(plugins.Int) }
func (f field) Reads() []plugins.Field                  { return []plugins.Field{{Name: string(f), Type: f.Type()}} }
func (f field) Evaluator(plugins.Env) plugins.Evaluator { return f }
func (f field) String() string                          { return "event." + string(f) }
func (f field) Range() string                           { return "main.hcl:1,1-2" }
func (f field) Eval(b *plugins.Batch) *plugins.Column   { return b.Column(string(f)) }

func env(pool *plugins.Pool, metrics *plugins.Metrics) plugins.Env {
	return plugins.Env{
		Stage: "transform.keep", Pipeline: "test", Now: time.Now, Logger: slog.New(slog.DiscardHandler), Pool: pool, Shared: new(plugins.Shared), Metrics: metrics,
		Input: plugins.Columns(plugins.Field{Name: "n", Type: plugins.Of(plugins.Int)}),
	}
}

func TestRecordThatCrashesATransform(t *testing.T) {
	t.Parallel()
	_, r := launch(t, config(t, "loud"))
	kind, _ := r.Transform("acme_keep")
	pool, metrics := new(plugins.Pool), new(plugins.Metrics)
	e := env(pool, metrics)
	tr, err := kind.New(plugins.NewConfig(map[string]any{"at": plugins.Expr(field("n"))}), e)
	if err != nil {
		t.Fatal(err)
	}
	b := pool.Batch()
	b.SelectAll(40)
	c := b.NewColumn("n", plugins.Int)
	for i := range 40 {
		c.Ints[i] = int64(i)
	}
	c.Ints[15] = 17
	var out emitted
	if err := tr.Process(t.Context(), b, &out); err != nil {
		t.Fatal(err)
	}
	if len(b.Failures) != 1 || b.Failures[0].Row != 13 || b.Failures[0].Code != "crash" {
		t.Errorf("failed: %+v", b.Failures)
	}
	slices.Sort(out.values)
	if len(out.values) != 20 || out.values[19] != 38 || out.dropped != 19 || out.made != 0 {
		t.Errorf("got %v, dropped %d, made %d", out.values, out.dropped, out.made)
	}
	if err := e.Shared.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// A process that does not start, while the record is looked for that crashes the plugin, is one more that has ended: it is tried again.
func TestTrialThatDoesNotStartIsRepeated(t *testing.T) {
	t.Parallel()
	c := config(t, "unsteady")
	c.Args = append(c.Args, filepath.Join(t.TempDir(), "starts"))
	_, r := launch(t, c)
	kind, _ := r.Transform("acme_keep")
	pool := new(plugins.Pool)
	e := env(pool, nil)
	tr, err := kind.New(plugins.NewConfig(map[string]any{"at": plugins.Expr(field("n"))}), e)
	if err != nil {
		t.Fatal(err)
	}
	b := pool.Batch()
	b.SelectAll(2)
	copy(b.NewColumn("n", plugins.Int).Ints, []int64{13, 14})
	var out emitted
	if err := tr.Process(t.Context(), b, &out); err != nil {
		t.Fatal(err)
	}
	if len(b.Failures) != 1 || b.Failures[0].Row != 0 || b.Failures[0].Code != "crash" || !slices.Equal(out.values, []int64{14}) {
		t.Errorf("failed: %+v, got %v", b.Failures, out.values)
	}
	if err := e.Shared.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRecordThatCrashesASink(t *testing.T) {
	t.Parallel()
	_, r := launch(t, config(t, "serve"))
	kind, _ := r.Sink("acme_eat")
	pool := new(plugins.Pool)
	s, err := kind.New(plugins.NewConfig(nil).WithPayload(plugins.Shape{Format: "json"}), env(pool, nil))
	if err != nil {
		t.Fatal(err)
	}
	b := pool.Batch()
	b.SelectAll(10)
	b.Values = b.SpareValues()
	for i := range 10 {
		text := fmt.Sprintf(`{"n":%d}`, i)
		if i == 7 {
			text = `{"n":"bad"}`
		}
		b.Values = append(b.Values, plugins.Span{Off: uint32(len(b.Data)), Len: uint32(len(text))})
		b.Data = append(b.Data, text...)
	}
	var answer error
	for range 3 { // the engine writes again what was not written
		done := make(chan error, 1)
		if err := s.Write(t.Context(), b, func(err error) { done <- err }); err != nil {
			answer = err
		} else {
			answer = <-done
		}
		if rows, ok := answer.(plugins.RowErrors); ok { //nolint:errorlint // as the engine gets it
			if len(rows) != 1 || rows[0].Row != 7 || rows[0].Code != "crash" {
				t.Errorf("failed: %+v", rows)
			}
			break
		}
		if answer == nil || plugins.IsPermanent(answer) || !strings.Contains(answer.Error(), "exit status 9") {
			t.Fatalf("answer: %v", answer)
		}
	}
	if _, ok := answer.(plugins.RowErrors); !ok { //nolint:errorlint // as the engine gets it
		t.Errorf("answer: %v", answer)
	}
	if err := s.(plugins.Closer).Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCrashesAreCounted(t *testing.T) {
	t.Parallel()
	c := config(t, "serve")
	c.Limits.Restart = -1
	_, r := launch(t, c)
	kind, _ := r.Transform("acme_keep")
	pool := new(plugins.Pool)
	e := env(pool, nil)
	tr, err := kind.New(plugins.NewConfig(map[string]any{"at": plugins.Expr(field("n"))}), e)
	if err != nil {
		t.Fatal(err)
	}
	process := func() error {
		b := pool.Batch()
		b.SelectAll(1)
		b.NewColumn("n", plugins.Int).Ints[0] = 13
		return tr.Process(t.Context(), b, new(emitted))
	}
	if err := process(); err != nil {
		t.Fatal(err)
	}
	err = process()
	if want := "plugin acme has ended 1 times within 10m0s, which is more often than limits.restart = 0 lets it start again; the last time: it ended with exit status 9"; err == nil || err.Error() != want || !plugins.IsPermanent(err) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if err := e.Shared.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
