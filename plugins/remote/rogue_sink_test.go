//go:build unix

package remote_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote"
	"github.com/onstream/onstream/plugins/remote/pb"
)

func wrote(w *pb.Written) *pb.SinkReply {
	return &pb.SinkReply{Reply: &pb.SinkReply_Written{Written: w}}
}

func took(id uint64) *pb.SinkReply {
	return &pb.SinkReply{Reply: &pb.SinkReply_Taken{Taken: &pb.Taken{Id: id}}}
}

// Sink implements pb.PluginServer.
func (r *rogue) Sink(stream pb.Plugin_SinkServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	how := caseOf(first.GetOpen().GetStage())
	replies := []*pb.SinkReply{{Reply: &pb.SinkReply_Opened{Opened: &pb.Opened{}}}}
	if how == "opens with nothing" {
		replies = []*pb.SinkReply{{}}
	}
	for {
		for _, x := range replies {
			if err := stream.Send(x); err != nil {
				return err
			}
		}
		request, err := stream.Recv()
		if err == io.EOF { //nolint:errorlint // as gRPC says it
			return nil
		} else if err != nil {
			return err
		}
		switch q := request.GetRequest().(type) {
		case *pb.SinkRequest_Write:
			if replies, err = r.write(how, q.Write); err != nil || replies == nil {
				return err
			}
		case *pb.SinkRequest_Flush:
			if how == "never flushes" {
				time.Sleep(time.Hour)
			}
			id := q.Flush.GetId()
			replies = []*pb.SinkReply{{Reply: &pb.SinkReply_Flushed{Flushed: &pb.Flushed{Id: id}}}}
			if how == "flushes twice" {
				replies = append(replies, replies[0])
			}
		case *pb.SinkRequest_Close:
			if how == "never closes" {
				time.Sleep(time.Hour)
			}
			return stream.Send(&pb.SinkReply{Reply: &pb.SinkReply_Closed{Closed: &pb.Closed{}}})
		}
	}
}

// write answers to a write of three rows; nil ends the stream.
func (r *rogue) write(how string, q *pb.Write) ([]*pb.SinkReply, error) {
	id := q.GetId()
	one := func(w *pb.Written) ([]*pb.SinkReply, error) {
		w.Id = id
		return []*pb.SinkReply{wrote(w)}, nil
	}
	row := func(i uint32) *pb.RowFailure { return &pb.RowFailure{Row: i, Code: "no", Message: "no"} }
	done := func(n uint32) *uint32 { return &n }
	switch how {
	case "takes another":
		return []*pb.SinkReply{took(id + 8)}, nil
	case "answers another":
		return []*pb.SinkReply{wrote(&pb.Written{Id: id + 8})}, nil
	case "failure beyond":
		return one(&pb.Written{Failures: []*pb.RowFailure{row(3)}})
	case "failed twice":
		return one(&pb.Written{Failures: []*pb.RowFailure{row(1), row(1)}})
	case "done without a problem":
		return one(&pb.Written{Done: done(2)})
	case "done beyond":
		return one(&pb.Written{Done: done(4e9), Problem: &pb.Problem{Message: "no"}})
	case "failed behind done":
		return one(&pb.Written{Done: done(1), Failures: []*pb.RowFailure{row(2)}, Problem: &pb.Problem{Message: "no"}})
	case "flushed":
		return []*pb.SinkReply{{Reply: &pb.SinkReply_Flushed{Flushed: &pb.Flushed{Id: 9}}}}, nil
	case "closed":
		return []*pb.SinkReply{{Reply: &pb.SinkReply_Closed{Closed: &pb.Closed{}}}}, nil
	case "nothing":
		return []*pb.SinkReply{{}}, nil
	case "divides without end":
		return one(&pb.Written{Divide: true})
	case "divides what it has taken":
		return []*pb.SinkReply{took(id), wrote(&pb.Written{Id: id, Divide: true})}, nil
	case "divides what has failed":
		return one(&pb.Written{Divide: true, Problem: &pb.Problem{Message: "no"}})
	case "ends":
		return nil, nil
	case "status":
		return nil, status.Error(codes.Internal, "out of order, "+os.Getenv("TOKEN"))
	case "huge":
		return one(&pb.Written{Problem: &pb.Problem{Message: strings.Repeat("m", 33<<20)}})
	case "problem":
		return one(&pb.Written{Problem: &pb.Problem{Message: "no\x1b " + os.Getenv("TOKEN"), Operation: "write"}})
	case "never takes":
		time.Sleep(time.Hour)
	case "never answers", "never flushes":
		return []*pb.SinkReply{took(id)}, nil
	}
	return []*pb.SinkReply{took(id), wrote(&pb.Written{Id: id})}, nil
}

// rogueSink starts a plugin, and makes a sink of it.
func rogueSink(t *testing.T, how string, change func(*remote.Config)) plugins.Sink {
	t.Helper()
	c := rogueConfig(t, "")
	if change != nil {
		change(&c)
	}
	_, r := launch(t, c)
	return sinkOf(t, r, "acme_out", map[string]any{"case": how})
}

// sinkOf makes a sink, which is closed at the end of the test.
func sinkOf(t *testing.T, r *plugins.Registry, name string, config map[string]any) plugins.Sink {
	t.Helper()
	kind, _ := r.Sink(name)
	e := env(new(plugins.Pool), new(plugins.Metrics))
	e.Stage = "sink.out"
	s, err := kind.New(plugins.NewConfig(config).WithPayload(plugins.Shape{Format: "json"}), e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.(plugins.Closer).Close(context.Background()) }) // what it says is told elsewhere
	return s
}

// texts is a batch of payloads.
func texts(values ...string) *plugins.Batch {
	b := new(plugins.Pool).Batch()
	b.SelectAll(len(values))
	b.Values = b.SpareValues()
	for _, text := range values {
		b.Values = append(b.Values, plugins.Span{Off: uint32(len(b.Data)), Len: uint32(len(text))})
		b.Data = append(b.Data, text...)
	}
	return b
}

// put writes a batch, and returns the answer.
func put(t *testing.T, s plugins.Sink, b *plugins.Batch) error {
	t.Helper()
	done := make(chan error, 2)
	if err := s.Write(t.Context(), b, func(err error) { done <- err }); err != nil {
		return err
	}
	if err := s.Flush(t.Context()); err != nil {
		return errors.Join(errors.New("flush"), err)
	}
	return <-done
}

func TestSinksThatAnswerNonsense(t *testing.T) {
	t.Parallel()
	const rule = "plugin acme does not keep to the protocol: sink acme_out: "
	for how, want := range map[string]string{
		"opens with nothing":        rule + "its first answer is not that it was opened; tell its author",
		"takes another":             rule + "it has taken write 9, which was not sent; tell its author",
		"answers another":           rule + "it answers to write 9, which has an answer or was not sent; tell its author",
		"failure beyond":            rule + "a failure is of row 3 of 3; tell its author",
		"failed twice":              rule + "row 1 failed twice; tell its author",
		"done without a problem":    rule + "it has done with 2 records of 3, and names no problem with the others; tell its author",
		"done beyond":               rule + "it has done with 4000000000 records of 3, and names no problem with the others; tell its author",
		"failed behind done":        rule + "record 2 of a write has failed, and it has done with 1; tell its author",
		"flushed":                   rule + "it has finished flush 9, and none with that number is under way; tell its author",
		"closed":                    rule + "it was closed, and nobody has asked for that; tell its author",
		"nothing":                   rule + "it says something that no sink says; tell its author",
		"divides without end":       rule + "it wants a write of one record divided; tell its author",
		"divides what it has taken": rule + "it wants a write divided that it has taken; tell its author",
		"divides what has failed":   rule + "it wants a write divided, and says what has become of it; tell its author",
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			err := put(t, rogueSink(t, how, nil), texts("1", "2", "3"))
			if err == nil || err.Error() != want || !plugins.IsPermanent(err) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

// Nothing that is written to a process that goes wrong is given up: the engine writes it again.
func TestSinksThatBreakOff(t *testing.T) {
	t.Parallel()
	for how, want := range map[string]string{
		"ends":    "the process of plugin acme has ended: its stream of sink.out broke off: the plugin has ended it before it was over",
		"status":  "the process of plugin acme has ended: its stream of sink.out broke off: Internal: out of order, (secret)",
		"huge":    "what the plugin answers is larger than the 32 MiB that a message may have",
		"problem": "write: no\uFFFD (secret)",
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			err := put(t, rogueSink(t, how, nil), texts("1", "2", "3"))
			if err == nil || !strings.HasPrefix(err.Error(), want) || plugins.IsPermanent(err) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

// A sink that does not say that it is done is not waited for without end.
func TestSinksThatHang(t *testing.T) {
	t.Parallel()
	for how, want := range map[string]string{
		"never takes":   "the process of plugin acme has ended: it has not answered within 500ms (limits.timeout): the stream of sink.out",
		"never flushes": "the process of plugin acme has ended: it has not answered within 500ms (limits.timeout): the stream of sink.out",
		"never answers": "the process of plugin acme has ended: it has not answered within 500ms (limits.timeout): sink acme_out has flushed all, and has not said what has become of 1 writes before that",
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := rogueSink(t, how, func(c *remote.Config) { c.Limits.Timeout = 500 * time.Millisecond })
			err := put(t, s, texts("1"))
			if err == nil || !strings.HasPrefix(err.Error(), want) || plugins.IsPermanent(err) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
	t.Run("never closes", func(t *testing.T) {
		t.Parallel()
		s := rogueSink(t, "never closes", func(c *remote.Config) { c.Limits.Timeout = 500 * time.Millisecond })
		if err := put(t, s, texts("1")); err != nil {
			t.Fatal(err)
		}
		if err := s.(plugins.Closer).Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
