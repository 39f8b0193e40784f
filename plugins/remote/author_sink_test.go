package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// sinkFuncs is a sink of functions; those that are nil do nothing.
type sinkFuncs struct {
	open, flush, close func(context.Context) error
	write              func(ctx context.Context, b *plugins.Batch, done func(error)) error
}

func callIf(ctx context.Context, f func(context.Context) error) error {
	if f == nil {
		return nil
	}
	return f(ctx)
}

func (s sinkFuncs) Open(ctx context.Context) error  { return callIf(ctx, s.open) }
func (s sinkFuncs) Flush(ctx context.Context) error { return callIf(ctx, s.flush) }
func (s sinkFuncs) Close(ctx context.Context) error { return callIf(ctx, s.close) }
func (s sinkFuncs) Write(ctx context.Context, b *plugins.Batch, done func(error)) error {
	return s.write(ctx, b, done)
}

func sinkOf(f sinkFuncs) plugins.SinkKind {
	return plugins.SinkKind{Name: "out", Payload: true, New: func(plugins.Config, plugins.Env) (plugins.Sink, error) { return f, nil }}
}

func openSink(t *testing.T, f sinkFuncs) (pb.Plugin_SinkClient, *pb.Opened, *logged) {
	t.Helper()
	c, log := serveKinds(t, sinkOf(f))
	s, err := c.Sink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stage := stageOf(pb.Role_SINK, "out")
	stage.Terminator = "\n"
	transmit(t, s, &pb.SinkRequest{Request: &pb.SinkRequest_Open{Open: &pb.OpenSink{Stage: stage}}})
	return s, receive(t, s).GetOpened(), log
}

func write(t *testing.T, s pb.Plugin_SinkClient, id uint64, values ...string) {
	t.Helper()
	transmit(t, s, &pb.SinkRequest{Request: &pb.SinkRequest_Write{Write: &pb.Write{Id: id, Batch: &pb.Batch{Rows: uint32(len(values)), Values: linesOf(values...)}}}})
}

func TestSinksAnswerEachBatch(t *testing.T) {
	t.Parallel()
	var held func(error)
	var got []string
	closed := 0
	s, o, log := openSink(t, sinkFuncs{
		write: func(_ context.Context, b *plugins.Batch, done func(error)) error {
			for _, i := range b.Sel {
				got = append(got, string(b.Value(i)))
			}
			switch first := string(b.Value(0)); first {
			case "hold":
				held = done
			case "busy":
				return errors.New("the device is busy")
			case "twice":
				done(nil)
				done(errors.New("again"))
			case "rows":
				done(plugins.RowErrors{{Row: 1, Code: "write", Msg: "no"}, {Row: 1, Code: "write", Msg: "no again"}, {Row: 9}})
			case "part":
				return &plugins.PartialError{Done: 1, Failed: plugins.RowErrors{{Row: 0, Code: "write", Msg: "bad"}}, Err: plugins.Permanent(errors.New("gone"))}
			}
			return nil
		},
		flush: func(context.Context) error {
			held(nil)
			return nil
		},
		close: func(context.Context) error {
			closed++
			return errors.New("half closed")
		},
	})
	if o.GetProblem() != nil {
		t.Fatal(o)
	}
	expect := func(wants ...string) {
		t.Helper()
		for _, want := range wants {
			if got := strings.ReplaceAll(fmt.Sprint(receive(t, s)), "  ", " "); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
	}
	write(t, s, 1, "hold", "x")
	expect("taken:{id:1}")
	write(t, s, 2, "twice")
	expect("written:{id:2}", "taken:{id:2}")
	write(t, s, 3, "busy")
	expect(`written:{id:3 problem:{message:"the device is busy" operation:"write"}}`)
	write(t, s, 4, "rows", "y")
	expect(`written:{id:4 failures:{row:1 code:"write" message:"no"}}`, "taken:{id:4}")
	write(t, s, 5, "part", "z")
	expect(`written:{id:5 failures:{code:"write" message:"bad"} problem:{message:"gone" permanent:true operation:"write"} done:1}`)
	transmit(t, s, &pb.SinkRequest{Request: &pb.SinkRequest_Flush{Flush: &pb.Flush{Id: 7}}})
	expect("written:{id:1}", "flushed:{id:7}")
	transmit(t, s, &pb.SinkRequest{Request: &pb.SinkRequest_Close{Close: &pb.CloseSink{}}})
	expect(`closed:{problem:{message:"half closed" operation:"close"}}`)
	finish(t, s)
	if want := "[hold x twice busy rows y part z]"; fmt.Sprint(got) != want || closed != 1 {
		t.Errorf("%v, want %s; closed %d times", got, want, closed)
	}
	if !strings.Contains(log.String(), "the sink has answered a batch twice: only the first answer counts") {
		t.Error(log)
	}
}

// recorder is a sink that holds what it is given until it is flushed, and panics.
type recorder struct {
	number   int
	stubborn bool // keeps what it has for ever
	tell     func(string)
	held     []func(error)
	lock     sync.Mutex
}

func (r *recorder) Write(_ context.Context, b *plugins.Batch, done func(error)) error {
	r.lock.Lock() // and not given back by a panic
	for _, i := range b.Sel {
		if string(b.Value(i)) == "bad" {
			panic("no " + string(b.Value(i)))
		}
		r.tell(fmt.Sprintf("%d:%s", r.number, b.Value(i)))
	}
	r.held = append(r.held, done)
	r.lock.Unlock()
	return nil
}

func (r *recorder) Flush(context.Context) error {
	if r.stubborn {
		return errors.New("cannot now")
	}
	for _, done := range r.held {
		done(nil)
	}
	r.held = nil
	return nil
}

// A sink that panics is replaced by another, which writes the parts that the host then wants written; what the former one had is finished, or comes again.
func TestSinksThatPanic(t *testing.T) {
	t.Parallel()
	var got []string
	made := 0
	c, _ := serveKinds(t, plugins.SinkKind{Name: "out", Payload: true, New: func(plugins.Config, plugins.Env) (plugins.Sink, error) {
		made++
		if made == 4 {
			return nil, errors.New("the port is taken")
		}
		return &recorder{number: made, stubborn: made == 3, tell: func(s string) { got = append(got, s) }}, nil
	}})
	s, err := c.Sink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	transmit(t, s, &pb.SinkRequest{Request: &pb.SinkRequest_Open{Open: &pb.OpenSink{Stage: stageOf(pb.Role_SINK, "out")}}})
	expect := func(wants ...string) {
		t.Helper()
		for _, want := range wants {
			if got := strings.ReplaceAll(fmt.Sprint(receive(t, s)), "  ", " "); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
	}
	expect("opened:{}")
	write(t, s, 1, "a")
	expect("taken:{id:1}")
	write(t, s, 2, "b", "bad", "c")
	expect("written:{id:1}", "written:{id:2 divide:true}")
	write(t, s, 3, "bad")
	expect(`written:{id:3 failures:{code:"panic" message:"panic in Write: no bad"}}`)
	write(t, s, 4, "d")
	expect("taken:{id:4}")
	write(t, s, 5, "bad") // what was before it has to come again, and another sink cannot be made
	expect(`written:{id:4 problem:{message:"the sink has panicked, and another one was made: all that it had not answered is to be written again" operation:"write"}}`,
		`written:{id:5 problem:{message:"the port is taken" operation:"new"}}`)
	if want := "[1:a 1:b 3:d]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
	if err := s.CloseSend(); err != nil {
		t.Error(err)
	}
}

// A sink whose host goes away without a word is closed all the same.
func TestSinksAreClosedWhenTheHostHasGone(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	s, _, _ := openSink(t, sinkFuncs{close: func(context.Context) error {
		close(closed)
		return nil
	}})
	finish(t, s)
	<-closed
}

func TestSinksThatDoNotOpen(t *testing.T) {
	t.Parallel()
	s, o, _ := openSink(t, sinkFuncs{
		open:  func(context.Context) error { return errors.New("not yet") },
		write: func(_ context.Context, _ *plugins.Batch, done func(error)) error { done(nil); return nil },
	})
	if p := o.GetProblem(); p.GetMessage() != "not yet" || p.GetPermanent() || p.GetOperation() != "open" {
		t.Error(p)
	}
	write(t, s, 1, "x") // may be better by now
	if receive(t, s).GetWritten().GetId() != 1 {
		t.Error("the first write was not answered")
	}
	closed := false
	s, o, _ = openSink(t, sinkFuncs{
		open:  func(context.Context) error { return plugins.Permanent(errors.New("never")) },
		close: func(context.Context) error { closed = true; return nil },
	})
	if p := o.GetProblem(); p.GetMessage() != "never" || !p.GetPermanent() {
		t.Error(p)
	}
	finish(t, s)
	if !closed {
		t.Error("what could not be opened was not closed")
	}
}

func TestWrongRequestsEndTheStream(t *testing.T) {
	t.Parallel()
	s, _, _ := openSink(t, sinkFuncs{})
	transmit(t, s, &pb.SinkRequest{Request: &pb.SinkRequest_Write{Write: &pb.Write{Batch: &pb.Batch{Rows: 2, Values: linesOf("x")}}}})
	if _, err := s.Recv(); err == nil || !strings.Contains(err.Error(), "write: values has 1 lengths for 2 rows") {
		t.Error(err)
	}
	s, _, _ = openSink(t, sinkFuncs{})
	transmit(t, s, &pb.SinkRequest{Request: &pb.SinkRequest_Open{Open: &pb.OpenSink{}}})
	if _, err := s.Recv(); err == nil || !strings.Contains(err.Error(), "out of place") {
		t.Error(err)
	}
}
