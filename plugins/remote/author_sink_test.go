package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
			case "panic":
				panic("full")
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
	write(t, s, 6, "panic")
	expect(`written:{id:6 problem:{message:"panic in Write: full" permanent:true operation:"write"}}`)
	transmit(t, s, &pb.SinkRequest{Request: &pb.SinkRequest_Flush{Flush: &pb.Flush{Id: 7}}})
	expect("written:{id:1}", "flushed:{id:7}")
	transmit(t, s, &pb.SinkRequest{Request: &pb.SinkRequest_Close{Close: &pb.CloseSink{}}})
	expect(`closed:{problem:{message:"half closed" operation:"close"}}`)
	finish(t, s)
	if want := "[hold x twice busy rows y part z panic]"; fmt.Sprint(got) != want || closed != 1 {
		t.Errorf("%v, want %s; closed %d times", got, want, closed)
	}
	if !strings.Contains(log.String(), "the sink has answered a batch twice: only the first answer counts") {
		t.Error(log)
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
