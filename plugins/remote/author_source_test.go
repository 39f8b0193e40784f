package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/wire"
)

// sourceFuncs is a source of functions.
type sourceFuncs struct {
	seek func(map[plugins.Partition]plugins.Position) error
	run  func(ctx context.Context, out plugins.Outlet) error
}

func (s sourceFuncs) Seek(from map[plugins.Partition]plugins.Position) error { return s.seek(from) }
func (s sourceFuncs) Run(ctx context.Context, out plugins.Outlet) error      { return s.run(ctx, out) }
func (s sourceFuncs) Progress() (int64, int64)                               { return 3, 4 }
func (s sourceFuncs) Lag() (int64, bool)                                     { return 5, true }

func openSource(t *testing.T, k plugins.SourceKind, resume ...*pb.Resume) (pb.Plugin_SourceClient, *pb.Opened) {
	t.Helper()
	c, _ := serveKinds(t, k)
	s, err := c.Source(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	transmit(t, s, &pb.SourceRequest{Request: &pb.SourceRequest_Open{Open: &pb.OpenSource{Stage: stageOf(pb.Role_SOURCE, k.Name), Resume: resume}}})
	return s, receive(t, s).GetOpened()
}

func sourceOf(f sourceFuncs) plugins.SourceKind {
	return plugins.SourceKind{Name: "in", Payload: true, New: func(plugins.Config, plugins.Env) (plugins.Source, error) { return f, nil }}
}

// handLines hands over records of text.
func handLines(ctx context.Context, out plugins.Outlet, d plugins.Delivery, values ...string) error {
	b := out.Batch()
	b.Part = plugins.Partition{Name: "p", ID: 2}
	b.Values = b.SpareValues()
	for _, v := range values {
		b.Values = append(b.Values, plugins.Span{Off: uint32(len(b.Data)), Len: uint32(len(v))})
		b.Data = append(b.Data, v...)
	}
	b.SelectAll(len(values))
	d.Batch = b
	return out.Hand(ctx, d)
}

func allow(t *testing.T, s pb.Plugin_SourceClient, records uint32, bytes uint64) {
	t.Helper()
	transmit(t, s, &pb.SourceRequest{Request: &pb.SourceRequest_Credit{Credit: &pb.Credit{Records: records, Bytes: bytes}}})
}

// delivery returns the next delivery.
func delivery(t *testing.T, s pb.Plugin_SourceClient) *pb.Deliver {
	t.Helper()
	for {
		if d := receive(t, s).GetDeliver(); d != nil {
			return d
		}
	}
}

func settled(t *testing.T, s pb.Plugin_SourceClient, x *pb.Settled) {
	t.Helper()
	transmit(t, s, &pb.SourceRequest{Request: &pb.SourceRequest_Settled{Settled: x}})
}

func TestSourcesDeliverWithinTheirCredit(t *testing.T) {
	t.Parallel()
	answers := make(chan string, 3)
	delivered := func(name string) plugins.Delivery {
		return plugins.Delivery{Next: plugins.Position(name), Ack: func() { answers <- name }, Nack: func(err error) { answers <- name + ": " + err.Error() }}
	}
	s, o := openSource(t, sourceOf(sourceFuncs{run: func(ctx context.Context, out plugins.Outlet) error {
		if err := handLines(ctx, out, delivered("first"), "a", "b", "c", "d", "e"); err != nil {
			return err
		}
		if err := handLines(ctx, out, delivered("second"), "f"); err != nil {
			return err
		}
		out.Done(plugins.Partition{Name: "p", ID: 2})
		return nil
	}}))
	if o.GetProblem() != nil {
		t.Fatal(o)
	}
	allow(t, s, 4, 1<<20) // parts are of half as many, so that there is always enough some day
	var first []*pb.Deliver
	for _, want := range []string{"[a b]", "[c d]"} {
		d := delivery(t, s)
		if got := fmt.Sprint(partsOf(t, d.GetBatch().GetValues())); got != want || d.Next != nil || !d.GetAnswer() || d.GetBatch().GetPartition().GetId() != 2 {
			t.Errorf("%v, want %s", d, want)
		}
		first = append(first, d)
	}
	allow(t, s, 2, 0)
	d := delivery(t, s)
	if string(d.GetNext()) != "first" || d.GetId() != 3 || d.GetBatch().GetRows() != 1 {
		t.Errorf("%v", d)
	}
	settled(t, s, &pb.Settled{Acked: []uint64{first[0].GetId(), first[1].GetId()}})
	settled(t, s, &pb.Settled{Acked: []uint64{d.GetId(), 77}})
	if got := <-answers; got != "first" {
		t.Error(got)
	}
	d = delivery(t, s)
	var status *pb.SourceStatus
	var over *pb.PartitionDone
	for {
		r := receive(t, s)
		if r.GetEnded() != nil {
			if r.GetEnded().GetProblem() != nil {
				t.Error(r)
			}
			break
		}
		if r.GetStatus() != nil {
			status = r.GetStatus()
		}
		if r.GetDone() != nil {
			over = r.GetDone()
		}
	}
	if over.GetPartition().GetName() != "p" || status.GetDone() != 3 || status.GetTotal() != 4 || status.GetLag() != 5 {
		t.Errorf("%v %v", over, status)
	}
	settled(t, s, &pb.Settled{Rejected: []*pb.Rejected{{Id: d.GetId(), Message: "no room"}}}) // answers come when the source has long ended, too
	if got := <-answers; got != "second: no room" {
		t.Error(got)
	}
	finish(t, s)
}

func TestSourcesStopWhenTheyAreTold(t *testing.T) {
	t.Parallel()
	answers := make(chan error, 1)
	s, _ := openSource(t, sourceOf(sourceFuncs{run: func(ctx context.Context, out plugins.Outlet) error {
		if err := handLines(ctx, out, plugins.Delivery{Nack: func(err error) { answers <- err }}, "a"); err != nil {
			return err
		}
		return handLines(ctx, out, plugins.Delivery{}, "b") // there is no credit
	}}))
	allow(t, s, 1, 1)
	delivery(t, s)
	transmit(t, s, &pb.SourceRequest{Request: &pb.SourceRequest_Stop{Stop: &pb.Stop{}}})
	for {
		if e := receive(t, s).GetEnded(); e != nil {
			if e.GetProblem() != nil {
				t.Error(e)
			}
			break
		}
	}
	finish(t, s)
	if err := <-answers; !errors.Is(err, errStopped) { // nobody answers any more
		t.Error(err)
	}
}

func TestSourcesResume(t *testing.T) {
	t.Parallel()
	resume := &pb.Resume{Partition: &pb.Partition{Name: "p", Id: 2, Epoch: 3}, Position: []byte("there")}
	got := make(chan string, 1)
	s, o := openSource(t, sourceOf(sourceFuncs{
		seek: func(from map[plugins.Partition]plugins.Position) error {
			got <- string(from[plugins.Partition{Name: "p", ID: 2, Epoch: 3}])
			return nil
		},
		run: func(context.Context, plugins.Outlet) error { return errors.New("the line is cut") },
	}), resume)
	if o.GetProblem() != nil || <-got != "there" {
		t.Error(o)
	}
	for {
		if e := receive(t, s).GetEnded(); e != nil {
			if p := e.GetProblem(); p.GetMessage() != "the line is cut" || p.GetOperation() != "run" || p.GetPermanent() {
				t.Error(p)
			}
			break
		}
	}
	finish(t, s)
	k := sourceOf(sourceFuncs{})
	k.New = func(plugins.Config, plugins.Env) (plugins.Source, error) { return struct{ plugins.Source }{}, nil }
	s, o = openSource(t, k, resume)
	if p := o.GetProblem(); p.GetMessage() != "the source cannot resume, and was told where to" || !p.GetPermanent() {
		t.Error(p)
	}
	finish(t, s)
}

func TestSourcesFailRecords(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", wire.MaxMessage)
	s, _ := openSource(t, sourceOf(sourceFuncs{run: func(ctx context.Context, out plugins.Outlet) error {
		b := out.Batch()
		b.Values = b.SpareValues()
		for _, v := range []string{"a", "b", "c"} {
			b.Values = append(b.Values, plugins.Span{Off: uint32(len(b.Data)), Len: 1})
			b.Data = append(b.Data, v...)
		}
		b.SelectAll(3)
		b.Fail(2, plugins.Failure{Code: "decode", Msg: "no"})
		b.Fail(2, plugins.Failure{Code: "decode", Msg: "no again"})
		b.DropFailed()
		b.Fail(0, plugins.Failure{Code: "late", Msg: "too late"})
		if err := out.Hand(ctx, plugins.Delivery{Batch: b}); err != nil {
			return err
		}
		return handLines(ctx, out, plugins.Delivery{}, "a", large, "b")
	}}))
	allow(t, s, 100, 1<<40)
	d := delivery(t, s)
	if got := fmt.Sprint(partsOf(t, d.GetBatch().GetValues()), d.GetFailures()); got != `[a b c] [code:"late" message:"too late" row:2 code:"decode" message:"no"]` &&
		strings.ReplaceAll(got, "  ", " ") != `[a b c] [code:"late" message:"too late" row:2 code:"decode" message:"no"]` {
		t.Error(got)
	}
	rows, failed := 0, ""
	for rows < 3 {
		d := delivery(t, s)
		for _, f := range d.GetFailures() {
			failed += fmt.Sprintf("%d %s", rows+int(f.GetRow()), f.GetCode())
		}
		rows += int(d.GetBatch().GetRows())
	}
	if failed != "1 too_large" {
		t.Error(failed)
	}
	finish(t, s)
}

func TestSourcesWithoutPayload(t *testing.T) {
	t.Parallel()
	hand := make(chan error, 1)
	k := plugins.SourceKind{
		Name: "in", Output: func(plugins.Config) (plugins.Shape, error) {
			return plugins.Columns(plugins.Field{Name: "a/b", Type: plugins.Of(plugins.Int)}), nil
		},
		New: func(plugins.Config, plugins.Env) (plugins.Source, error) {
			return sourceFuncs{run: func(ctx context.Context, out plugins.Outlet) error {
				b := out.Batch()
				b.SelectAll(2)
				b.NewColumn(plugins.JoinPath("a/b"), plugins.Int).Ints[0] = 7
				b.Fail(1, plugins.Failure{Code: "poll", Msg: "no answer"})
				if err := out.Hand(ctx, plugins.Delivery{Batch: b}); err != nil {
					return err
				}
				b = out.Batch()
				b.SelectAll(1)
				hand <- out.Hand(ctx, plugins.Delivery{Batch: b})
				return nil
			}}, nil
		},
	}
	s, _ := openSource(t, k)
	allow(t, s, 100, 1)
	d := delivery(t, s)
	if c := d.GetBatch().GetColumns()[0]; c.GetName() != "a~1b" || fmt.Sprint(c.GetInts(), c.GetNulls()) != "[7 0] [false true]" || d.GetFailures()[0].GetRow() != 1 {
		t.Error(d)
	}
	if err := <-hand; err == nil || err.Error() != `a batch has no column for field "a/b"` || !plugins.IsPermanent(err) {
		t.Error(err)
	}
	finish(t, s)
}

func TestHugePositionsStay(t *testing.T) {
	t.Parallel()
	s, _ := openSource(t, sourceOf(sourceFuncs{run: func(ctx context.Context, out plugins.Outlet) error {
		return handLines(ctx, out, plugins.Delivery{Next: bytes.Repeat([]byte("x"), wire.MaxPosition+1)}, "a")
	}}))
	for {
		if e := receive(t, s).GetEnded(); e != nil {
			if got := e.GetProblem().GetMessage(); got != "the position of partition p/2 has 65537 bytes: 65536 are the most" {
				t.Error(got)
			}
			break
		}
	}
	finish(t, s)
}
