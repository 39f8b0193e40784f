//go:build unix

package remote_test

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// ints is a column of as many numbers.
func ints(name string, values ...int64) *pb.Column {
	return &pb.Column{Name: name, Kind: pb.ValueKind_INTEGER, Ints: values}
}

// kept are all rows of a batch, with columns.
func kept(columns ...*pb.Column) *pb.Emitted {
	return &pb.Emitted{What: &pb.Emitted_Kept{Kept: &pb.Kept{All: true, Columns: columns}}}
}

// Transform implements pb.PluginServer.
func (r *rogue) Transform(stream pb.Plugin_TransformServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	how := caseOf(first.GetOpen().GetStage())
	opened := &pb.TransformReply{Reply: &pb.TransformReply_Opened{Opened: &pb.Opened{}}}
	switch how {
	case "opens with nothing":
		opened = &pb.TransformReply{}
	case "opens with an answer":
		opened = processed(&pb.Processed{})
	}
	if err := stream.Send(opened); err != nil {
		return err
	}
	for {
		request, err := stream.Recv()
		if err == io.EOF { //nolint:errorlint // as gRPC says it
			return nil
		} else if err != nil {
			return err
		}
		q := request.GetProcess()
		reply, err := r.process(how, q)
		if err != nil {
			return err
		}
		if reply.GetProcessed() != nil && how != "another number" {
			reply.GetProcessed().Id = q.GetId()
		}
		if err := stream.Send(reply); err != nil {
			return err
		}
	}
}

func processed(p *pb.Processed) *pb.TransformReply {
	return &pb.TransformReply{Reply: &pb.TransformReply_Processed{Processed: p}}
}

// process answers for a batch of three rows.
func (r *rogue) process(how string, q *pb.Process) (*pb.TransformReply, error) {
	rows := int(q.GetBatch().GetRows())
	x := ints("x", make([]int64, rows)...)
	emits := func(e ...*pb.Emitted) (*pb.TransformReply, error) { return processed(&pb.Processed{Emitted: e}), nil }
	makes := func(standsFor uint32, b *pb.Batch) (*pb.TransformReply, error) {
		return emits(&pb.Emitted{Output: 1, What: &pb.Emitted_Made{Made: b}, StandsFor: standsFor})
	}
	failed := func(row uint32) *pb.RowFailure { return &pb.RowFailure{Row: row, Code: "no", Message: "no"} }
	metric := func(m *pb.Metric) (*pb.TransformReply, error) {
		return &pb.TransformReply{Reply: &pb.TransformReply_Metrics{Metrics: &pb.Metrics{Metrics: []*pb.Metric{m}}}}, nil
	}
	switch how {
	case "another number":
		return processed(&pb.Processed{Id: q.GetId() + 8, Dropped: uint32(rows)}), nil
	case "nothing":
		return &pb.TransformReply{}, nil
	case "too few":
		return processed(&pb.Processed{Dropped: 1}), nil
	case "too many":
		return processed(&pb.Processed{Dropped: 4e9}), nil
	case "row beyond":
		return emits(&pb.Emitted{What: &pb.Emitted_Kept{Kept: &pb.Kept{Rows: []uint32{0, 1, 4e9}, Columns: []*pb.Column{x}}}})
	case "rows backwards":
		return emits(&pb.Emitted{What: &pb.Emitted_Kept{Kept: &pb.Kept{Rows: []uint32{2, 1, 0}, Columns: []*pb.Column{x}}}})
	case "failed and kept":
		return processed(&pb.Processed{Emitted: []*pb.Emitted{kept(x)}, Failures: []*pb.RowFailure{failed(1)}}), nil
	case "failure beyond":
		return processed(&pb.Processed{Dropped: 2, Failures: []*pb.RowFailure{failed(4e9)}}), nil
	case "failed twice":
		return processed(&pb.Processed{Dropped: 1, Failures: []*pb.RowFailure{failed(1), failed(1)}}), nil
	case "output beyond":
		e := kept(x)
		e.Output = 4e9
		return emits(e)
	case "emits nothing":
		return emits(&pb.Emitted{})
	case "unknown column":
		return emits(kept(x, ints("y\x1b", make([]int64, rows)...)))
	case "column twice":
		return emits(kept(x, x))
	case "no column":
		return emits(kept())
	case "short column":
		return emits(kept(ints("x", 1)))
	case "long column":
		return emits(kept(ints("x", make([]int64, 100)...)))
	case "other kind":
		return emits(kept(&pb.Column{Name: "x", Kind: pb.ValueKind_TEXT, Texts: &pb.Bytes{Lengths: make([]uint32, rows)}}))
	case "unknown kind":
		return emits(kept(&pb.Column{Name: "x", Kind: 99}))
	case "null":
		return emits(kept(&pb.Column{Name: "x", Kind: pb.ValueKind_INTEGER, Ints: make([]int64, rows), Nulls: append(make([]bool, rows-1), true)}))
	case "made without columns":
		return makes(uint32(rows), &pb.Batch{Rows: 3})
	case "made of more rows":
		return makes(uint32(rows), &pb.Batch{Rows: 5, Columns: []*pb.Column{ints("x", 1)}})
	case "made of endless rows":
		return makes(uint32(rows), &pb.Batch{Rows: 4e9})
	case "made of more columns":
		return makes(uint32(rows), &pb.Batch{Rows: 1, Columns: []*pb.Column{ints("x", 1), ints("y", 1)}})
	case "a metric's name":
		return metric(&pb.Metric{Name: "a{b=\"c\"}", Values: []float64{1}})
	case "a metric's counts":
		return metric(&pb.Metric{Name: "a", Kind: pb.Metric_HISTOGRAM, Values: []float64{1}, Counts: []uint64{1, 2}})
	case "metrics":
		reply := &pb.Metrics{}
		for i := range 101 {
			reply.Metrics = append(reply.Metrics, &pb.Metric{Name: fmt.Sprint("m", i), Values: []float64{1}})
		}
		return &pb.TransformReply{Reply: &pb.TransformReply_Metrics{Metrics: reply}}, nil
	case "status":
		return nil, status.Error(codes.Internal, "out of order, "+os.Getenv("TOKEN"))
	case "problem":
		return processed(&pb.Processed{Problem: &pb.Problem{Message: "no\n" + os.Getenv("TOKEN"), Permanent: true}}), nil
	case "huge": // what it makes of the number 11 is larger than a message may be
		if slices.Contains(q.GetBatch().GetColumns()[0].GetInts(), 11) {
			return processed(&pb.Processed{Failures: []*pb.RowFailure{{Message: strings.Repeat("m", 33<<20)}}}), nil
		}
	case "divide": // without end
		return processed(&pb.Processed{Divide: true}), nil
	}
	return emits(kept(x))
}

func TestTransformsThatAnswerNonsense(t *testing.T) {
	t.Parallel()
	_, r := launch(t, rogueConfig(t, ""))
	kind, _ := r.Transform("acme_change")
	const rule = "plugin acme does not keep to the protocol: transform acme_change: "
	for how, want := range map[string]string{
		"opens with nothing":   rule + "its first answer is not that it was opened; tell its author",
		"opens with an answer": rule + "its first answer is not that it was opened; tell its author",
		"another number":       rule + "it answers to request 9, and was asked 1; tell its author",
		"nothing":              rule + "it says something else than what it has made of a batch; tell its author",
		"too few":              rule + "it was given 3 records, and says what has become of 1; tell its author",
		"too many":             rule + "it was given 3 records, and says what has become of 4000000000; tell its author",
		"row beyond":           rule + "it emits record 4000000000 of a batch of 3, behind record 1; tell its author",
		"rows backwards":       rule + "it emits record 1 of a batch of 3, behind record 2; tell its author",
		"failed and kept":      rule + "record 1 of a batch has failed, and is emitted; tell its author",
		"failure beyond":       rule + "a failure is of row 4000000000 of 3; tell its author",
		"failed twice":         rule + "row 1 failed twice; tell its author",
		"output beyond":        rule + "it emits to output 4000000000, and there are 2; tell its author",
		"emits nothing":        rule + "it emits nothing to output 0; tell its author",
		"unknown column":       rule + "it adds the column \"y\uFFFD\" to output \"\", which has no such field; tell its author",
		"column twice":         rule + `the column "x" is there twice; tell its author`,
		"no column":            rule + `output "" has the field "x", and there is no column of it; tell its author`,
		"short column":         rule + `column "x": a column of kind int has 1 ints for 3 rows; tell its author`,
		"long column":          rule + `column "x": a column of kind int has 100 ints for 3 rows; tell its author`,
		"other kind":           rule + `the column "x" is of kind TEXT, and the field of type int; tell its author`,
		"unknown kind":         rule + `the column "x" is of kind 99, and the field of type int; tell its author`,
		"made without columns": rule + `its records have the field "x", and there is no column of it; tell its author`,
		"made of more rows":    rule + `column "x": a column of kind int has 1 ints for 5 rows; tell its author`,
		"made of endless rows": rule + "a batch has 4000000000 rows: 1048576 are the most; tell its author",
		"made of more columns": rule + "its records have 2 columns, and 1 fields are columns; tell its author",
		"a metric's name":      rule + "the name of a metric is to be of letters, digits and _; tell its author",
		"a metric's counts":    rule + "a metric has 1 values and 2 counts; tell its author",
		"metrics":              rule + "it has more than 100 metrics; tell its author",
		"problem":              "no (secret)",
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			_, _, err := change(t, kind, how)
			if err == nil || err.Error() != want || !plugins.IsPermanent(err) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

// change gives a transform the numbers 10, 11 and 12.
func change(t *testing.T, kind plugins.TransformKind, how string) (emitted, []plugins.Failure, error) {
	t.Helper()
	pool := new(plugins.Pool)
	e := env(pool, new(plugins.Metrics))
	tr, err := kind.New(plugins.NewConfig(map[string]any{"case": how, "at": plugins.Expr(field("n"))}), e)
	if err != nil {
		t.Fatal(err)
	}
	b := pool.Batch()
	b.SelectAll(3)
	copy(b.NewColumn("n", plugins.Int).Ints, []int64{10, 11, 12})
	var out emitted
	err = tr.Process(t.Context(), b, &out)
	if err := e.Shared.Close(t.Context()); err != nil {
		t.Error(err)
	}
	return out, b.Failures, err
}

// What is wrong with one record fails that, and no other.
func TestTransformsThatAnswerWrongValues(t *testing.T) {
	t.Parallel()
	p, r := launch(t, rogueConfig(t, ""))
	pid := p.Pid()
	kind, _ := r.Transform("acme_change")
	for _, test := range []struct {
		how, want string
		rows      []uint32
	}{
		{"null", "null: the plugin's x is null, and the plugin does not say that it may be", []uint32{2}},
		{"huge", "too_large: what the plugin makes of the record is too large: a message has at most 32 MiB", []uint32{1}},
		{"divide", "too_large: what the plugin makes of the record is too large: a message has at most 32 MiB", []uint32{0, 1, 2}},
		{"status", "crash: the plugin crashes on the record: its stream of transform.keep broke off: Internal: out of order, (secret)", []uint32{0, 1, 2}},
	} {
		t.Run(test.how, func(t *testing.T) {
			out, failures, err := change(t, kind, test.how)
			if err != nil {
				t.Fatal(err)
			}
			var rows []uint32
			for _, f := range failures {
				rows = append(rows, f.Row)
				if got := f.Code + ": " + f.Msg; !strings.HasPrefix(got, test.want) {
					t.Errorf("got  %s\nwant %s", got, test.want)
				}
			}
			if !slices.Equal(rows, test.rows) || len(out.values) != 3-len(rows) {
				t.Errorf("failed: %d, emitted: %d", rows, out.values)
			}
			if test.how != "status" && p.Pid() != pid {
				t.Error("the process is another one")
			}
		})
	}
}
