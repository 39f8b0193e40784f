//go:build unix

package remote_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

func delivered(d *pb.Deliver) *pb.SourceReply {
	return &pb.SourceReply{Reply: &pb.SourceReply_Deliver{Deliver: d}}
}

// numbers is a delivery of as many rows.
func numbers(id uint64, rows int) *pb.Deliver {
	return &pb.Deliver{Id: id, Batch: &pb.Batch{Rows: uint32(rows), Columns: []*pb.Column{ints("n", make([]int64, rows)...)}}}
}

// Source implements pb.PluginServer: it delivers a good batch of two rows, and then what is wrong.
func (r *rogue) Source(stream pb.Plugin_SourceServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	how := caseOf(first.GetOpen().GetStage())
	if how == "opens with nothing" {
		return stream.Send(&pb.SourceReply{})
	}
	if err := stream.Send(&pb.SourceReply{Reply: &pb.SourceReply_Opened{Opened: &pb.Opened{}}}); err != nil {
		return err
	}
	if how == "without credit" {
		if err := stream.Send(delivered(numbers(1, 16385))); err != nil {
			return err
		}
	}
	if _, err := stream.Recv(); err != nil { // credit
		return err
	}
	if err := stream.Send(delivered(numbers(1, 2))); err != nil {
		return err
	}
	if how == "many partitions" {
		for i := range 5000 {
			d := numbers(uint64(i+2), 1)
			d.Batch.Partition = &pb.Partition{Name: fmt.Sprint(i)}
			if err := stream.Send(delivered(d)); err != nil {
				return err
			}
		}
	}
	reply, err := r.bring(how)
	if err == nil && reply != nil {
		err = stream.Send(reply)
	}
	if err != nil || how == "ends" {
		return err
	}
	for { // until the host has had enough
		if _, err := stream.Recv(); err != nil {
			return err
		}
	}
}

// bring is what a source brings behind its first batch.
func (r *rogue) bring(how string) (*pb.SourceReply, error) {
	d := numbers(2, 3)
	b := d.GetBatch()
	switch how {
	case "another number":
		d.Id = 1
	case "beyond its credit":
		d = numbers(2, 16385)
	case "endless rows":
		b.Rows = 4e9
	case "more rows":
		b.Rows = 4
	case "no column":
		b.Columns = nil
	case "other column":
		b.Columns[0].Name = "m"
	case "more columns":
		b.Columns = append(b.Columns, ints("m", 1, 2, 3))
	case "other kind":
		b.Columns[0] = &pb.Column{Name: "n", Kind: pb.ValueKind_NUMBER, Floats: []float64{1, 2, 3}}
	case "times":
		b.Times = []int64{1}
	case "headers":
		b.Headers = &pb.Headers{Counts: []uint32{4e9, 4e9, 4e9}}
	case "position":
		d.Next = make([]byte, 65<<10)
	case "partition":
		b.Partition = &pb.Partition{Name: strings.Repeat("p", 5000)}
	case "failure beyond":
		d.Failures = []*pb.RowFailure{{Row: 3}}
	case "nothing":
		return &pb.SourceReply{}, nil
	case "ends":
		return nil, nil
	case "status":
		return nil, status.Error(codes.Internal, "out of order, "+os.Getenv("TOKEN"))
	case "huge":
		b.Values = &pb.Bytes{Data: make([]byte, 33<<20), Lengths: []uint32{33 << 20, 0, 0}}
	case "problem":
		return &pb.SourceReply{Reply: &pb.SourceReply_Ended{Ended: &pb.Ended{Problem: &pb.Problem{Message: "gone, " + os.Getenv("TOKEN"), Permanent: true}}}}, nil
	case "never stops":
		time.Sleep(time.Hour)
	}
	return delivered(d), nil
}

func rogueSource(t *testing.T, r *plugins.Registry, how string) plugins.Source {
	t.Helper()
	kind, _ := r.Source("acme_in")
	e := env(new(plugins.Pool), new(plugins.Metrics))
	e.Stage = "source.in"
	s, err := kind.New(plugins.NewConfig(map[string]any{"case": how}), e)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSourcesThatDeliverNonsense(t *testing.T) {
	t.Parallel()
	_, r := launch(t, rogueConfig(t, ""))
	const rule = "plugin acme does not keep to the protocol: source acme_in: "
	for how, want := range map[string]string{
		"opens with nothing": rule + "its first answer is not that it was opened; tell its author",
		"without credit":     rule + "it has sent 16385 records, and was allowed 16384 more, and 16777216 bytes; tell its author",
		"another number":     rule + "its delivery 2 has the number 1; tell its author",
		"beyond its credit":  rule + "it has sent 16385 records, and was allowed 16384 more, and 16777216 bytes; tell its author",
		"endless rows":       rule + "it has sent 4000000000 records, and was allowed 16384 more, and 16777216 bytes; tell its author",
		"more rows":          rule + `column "n": a column of kind int has 3 ints for 4 rows; tell its author`,
		"no column":          rule + `its records have the field "n", and there is no column of it; tell its author`,
		"other column":       rule + `its records have the field "n", and there is no column of it; tell its author`,
		"more columns":       rule + "its records have 2 columns, and 1 fields are columns; tell its author",
		"other kind":         rule + `the column "n" is of kind float, and the field of type int; tell its author`,
		"times":              rule + "a batch has 1 times for 3 rows; tell its author",
		"headers":            rule + "a batch has 12000000000 headers: 1048576 are the most; tell its author",
		"position":           rule + "a position has 66560 bytes: 65536 are the most; tell its author",
		"partition":          rule + "the name of a partition has 5000 bytes: 4096 are the most; tell its author",
		"many partitions":    rule + "it has more than 4096 partitions at a time; tell its author",
		"failure beyond":     rule + "a failure is of row 3 of 3; tell its author",
		"nothing":            rule + "it says something that no source says; tell its author",
		"problem":            "gone, (secret)",
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			var out outlet
			err := rogueSource(t, r, how).Run(t.Context(), &out)
			if err == nil || err.Error() != want || !plugins.IsPermanent(err) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if n := len(out.got); n != 2 && !strings.HasPrefix(how, "opens") && how != "without credit" && how != "many partitions" {
				t.Errorf("%d records of those before were taken", n)
			}
		})
	}
}

// A source whose stream breaks off is opened again, and given up in the end.
func TestSourcesThatBreakOff(t *testing.T) {
	t.Parallel()
	const given = "plugin acme has ended 2 times within 10m0s, which is more often than limits.restart = 1 lets it start again; the last time: "
	for how, want := range map[string]string{
		"ends":   given + "its stream of source.in broke off: the plugin has ended it before it was over",
		"status": given + "its stream of source.in broke off: Internal: out of order, (secret)",
		"huge":   "what the plugin answers is larger than the 32 MiB that a message may have",
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			c := rogueConfig(t, "")
			c.Limits.Restart = 1
			_, r := launch(t, c)
			var out outlet
			err := rogueSource(t, r, how).Run(t.Context(), &out)
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

// A source that does not stop is not waited for without end.
func TestSourceThatNeverStops(t *testing.T) {
	t.Parallel()
	c := rogueConfig(t, "")
	c.Limits.Timeout = 300 * time.Millisecond
	p, r := launch(t, c)
	pid := p.Pid()
	ctx, cancel := context.WithCancelCause(t.Context())
	out := &stopper{stop: func() { cancel(errors.New("enough")) }}
	err := rogueSource(t, r, "never stops").Run(ctx, out)
	if err == nil || err.Error() != "enough" {
		t.Errorf("got %v", err)
	}
	if runs(pid) {
		t.Error("its process still runs")
	}
}

// stopper is an outlet that has enough when something comes.
type stopper struct {
	outlet
	stop func()
}

func (s *stopper) Hand(ctx context.Context, d plugins.Delivery) error {
	defer s.stop()
	return s.outlet.Hand(ctx, d)
}
