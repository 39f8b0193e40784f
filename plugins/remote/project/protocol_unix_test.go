//go:build unix

package project_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/project"
)

// each runs a test with a plugin of each language whose kinds do what they are told, also what is wrong: testdata/main.py and testdata/main.js.
func each(t *testing.T, test func(*testing.T, *session)) {
	t.Parallel()
	for _, l := range interpreted {
		t.Run(string(l), func(t *testing.T) {
			t.Parallel()
			test(t, start(t, odd(t, l)))
		})
	}
}

// odd makes that plugin.
func odd(t *testing.T, l project.Language) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "acme")
	if err := project.New(dir, l, ""); err != nil {
		t.Fatal(err)
	}
	name := map[project.Language]string{project.Python: "main.py", project.Node: "main.js"}[l]
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
	linkPackages(t, dir, l)
	return build(t, dir, l)
}

func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// transform opens a stage of a kind.
func (s *session) transform(t *testing.T, kind string, c *pb.Config) pb.Plugin_TransformClient {
	t.Helper()
	stream, err := s.Transform(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	opened := sent(t, stream, &pb.TransformRequest{Request: &pb.TransformRequest_Open{Open: &pb.OpenTransform{Stage: &pb.Stage{Role: pb.Role_TRANSFORM, Kind: kind, Config: c, Address: "transform.x"}}}})
	if p := opened.GetOpened().GetProblem(); p != nil {
		t.Fatal(p)
	}
	return stream
}

func process(t *testing.T, stream pb.Plugin_TransformClient, id uint64, b *pb.Batch) *pb.Processed {
	t.Helper()
	p := sent(t, stream, &pb.TransformRequest{Request: &pb.TransformRequest_Process{Process: &pb.Process{Id: id, Batch: b}}}).GetProcessed()
	if p.GetId() != id {
		t.Fatalf("the answer to %d is %v", id, p)
	}
	return p
}

// Values of all kinds go there and back as they are: the largest integers, nulls, what is no ASCII, and JSON with integers that are no doubles.
func TestValues(t *testing.T) {
	each(t, func(t *testing.T, s *session) {
		const most = 1<<63 - 1
		columns := []*pb.Column{
			{Name: "b", Kind: pb.ValueKind_BOOLEAN, Bools: []bool{true, false, false}},
			{Name: "i", Kind: pb.ValueKind_INTEGER, Ints: []int64{most, -most - 1, 0}},
			{Name: "f", Kind: pb.ValueKind_NUMBER, Floats: []float64{0.1, -1e300, 0}},
			{Name: "s", Kind: pb.ValueKind_TEXT, Texts: runs("", "Grüße 🚀\x00", "")},
			{Name: "y", Kind: pb.ValueKind_BYTES, Texts: runs("\xff\x00", "", "")},
			{Name: "t", Kind: pb.ValueKind_TIME, Ints: []int64{1700000000123456789, -1, 0}},
			{Name: "p", Kind: pb.ValueKind_PERIOD, Ints: []int64{1, 9007199254740993, 0}},
			{Name: "l", Kind: pb.ValueKind_LIST, Texts: runs(`[1,9007199254740993]`, `[]`, "")},
			{Name: "m", Kind: pb.ValueKind_MAP, Texts: runs(`{"a b":1.5,"__proto__":2}`, `{}`, "")},
			{Name: "r", Kind: pb.ValueKind_RECORD, Texts: runs(`{"n":-9223372036854775808}`, `{"n":1,"x":["\"9007199254740993\"",null,true]}`, "")},
			{Name: "a", Kind: pb.ValueKind_ANY, Kinds: []byte{byte(pb.ValueKind_TEXT), byte(pb.ValueKind_INTEGER), byte(pb.ValueKind_NULL)}, Ints: []int64{0, most, 0}, Texts: runs("ü", "", "")},
		}
		var values []*pb.NamedExpression
		for _, c := range columns {
			values = append(values, &pb.NamedExpression{Name: c.Name, Expression: &pb.Expression{Column: "in:" + c.Name}})
		}
		in := make([]*pb.Column, len(columns))
		for i, c := range columns {
			in[i] = &pb.Column{Name: "in:" + c.Name, Kind: c.Kind, Bools: c.Bools, Ints: c.Ints, Floats: c.Floats, Texts: c.Texts, Kinds: c.Kinds}
			if c.Kind != pb.ValueKind_ANY {
				c.Nulls = []bool{false, false, true}
				in[i].Nulls = c.Nulls
			}
		}
		stream := s.transform(t, "echo", config(&pb.Setting{Name: "values", Value: &pb.Setting_Expressions{Expressions: &pb.Expressions{Values: values}}}))
		p := process(t, stream, 7, &pb.Batch{Rows: 3, Columns: in})
		if len(p.Emitted) != 1 || !p.Emitted[0].GetKept().GetAll() {
			t.Fatalf("it is %v", p)
		}
		for i, c := range p.Emitted[0].GetKept().Columns {
			same(t, c, columns[i])
		}
		// A double among values of any type.
		any := &pb.Column{Name: "in:a", Kind: pb.ValueKind_ANY, Kinds: []byte{byte(pb.ValueKind_NUMBER)}, Ints: []int64{0x3ff8000000000000}, Texts: runs("")}
		p = process(t, stream, 8, &pb.Batch{Rows: 1, Columns: []*pb.Column{any}})
		if a := p.Emitted[0].GetKept().Columns[10]; a.Kinds[0] != byte(pb.ValueKind_NUMBER) || a.Ints[0] != 0x3ff8000000000000 {
			t.Errorf("1.5 becomes %v", a)
		}
	})
}

// What does not fit is the failure of its record, with the name of the field; the others go on, and so does the stage.
func TestRowFailures(t *testing.T) {
	each(t, func(t *testing.T, s *session) {
		stream := s.transform(t, "odd", config(expression("what", pb.ValueKind_TEXT)))
		whats := []string{"fine", "drop", "text", "null", "absent", "unknown", "over", "exact", "bool", "fraction", "scalar", "surrogate", "nan", "whole", "strange", "nested", "throw", "row", "huge"}
		p := process(t, stream, 1, &pb.Batch{Rows: uint32(len(whats)), Columns: []*pb.Column{{Name: "c:what", Kind: pb.ValueKind_TEXT, Texts: runs(whats...)}}})
		if p.Problem != nil || p.Divide || p.Dropped != 1 || len(p.Emitted) != 1 {
			t.Fatalf("it is %v", p)
		}
		kept := p.Emitted[0].GetKept()
		var fine []string
		for _, row := range kept.Rows {
			fine = append(fine, whats[row])
		}
		if want := []string{"fine", "exact", "whole", "nested"}; !slices.Equal(fine, want) {
			t.Errorf("%q are kept, not %q", fine, want)
		}
		if x := kept.Columns[0].Ints[7]; x != 1<<53+1 {
			t.Errorf("2^53+1 is %d", x)
		}
		if f := kept.Columns[2]; f.Floats[13] != 2 || f.Nulls[13] || !f.Nulls[0] {
			t.Errorf("the numbers are %v", f)
		}
		if a := texts(kept.Columns[3].Texts)[15]; a != `{"n":[null,1.5,"ü"]}` {
			t.Errorf("the record within is %s", a)
		}
		want := map[string]string{
			"text": "type: field x is of type ", "null": "null: field x is null", "absent": "null: field x is null", "unknown": "type: field ", "over": "overflow: field x does not fit into 64 bits",
			"bool": "type: field x is of type bool", "fraction": "type: field x is ", "scalar": "type: a record is of type ", "surrogate": "type: field s ", "nan": "overflow: field f is not a finite number",
			"strange": "type: field a is of type ", "throw": "exception: ", "row": "range: out of range", "huge": "too_large: the record has ",
		}
		for _, f := range p.Failures {
			what := whats[f.Row]
			if is := f.Code + ": " + f.Message; want[what] == "" || !strings.HasPrefix(is, want[what]) {
				t.Errorf("%s fails with %q, not %q", what, is, want[what])
			}
			delete(want, what)
		}
		if len(want) > 0 {
			t.Errorf("these did not fail: %v", want)
		}
		// More than a message can hold: onstream is asked for less.
		large := &pb.Batch{Rows: 2, Columns: []*pb.Column{{Name: "c:what", Kind: pb.ValueKind_TEXT, Texts: runs("large", "large")}}}
		if p := process(t, stream, 2, large); !p.Divide || p.Problem != nil || len(p.Emitted) > 0 {
			t.Errorf("two records of 20 MiB give %.200v", p)
		}
		large.Rows, large.Columns[0].Texts = 1, runs("large")
		if p := process(t, stream, 3, large); len(p.Emitted) != 1 || len(p.Emitted[0].GetKept().Columns[1].Texts.Data) != 20<<20 {
			t.Errorf("one of 20 MiB gives %.200v", p)
		}
		// What the stage itself cannot do stops it.
		large.Columns[0].Texts = runs("stage")
		if p := process(t, stream, 4, large).Problem; p.GetMessage() != "the device is gone for good: buy another one" || !p.Permanent || p.Operation != "process" {
			t.Errorf("the problem is %v", p)
		}
	})
}

// A transform that makes records of its own says for how many they stand.
func TestMade(t *testing.T) {
	each(t, func(t *testing.T, s *session) {
		stream := s.transform(t, "split", nil)
		p := process(t, stream, 1, &pb.Batch{Rows: 3, Values: runs("a,b", "", "c"), Keys: runs("k1", "k2", "k3"), Times: []int64{1, 2, 1700000000123456789}, Partition: &pb.Partition{Name: "p", Id: 3, Epoch: 9}, Received: 5})
		if len(p.Emitted) != 1 || p.Dropped != 1 || p.Emitted[0].StandsFor != 2 {
			t.Fatalf("it is %v", p)
		}
		same(t, p.Emitted[0].GetMade(), &pb.Batch{Rows: 3, Values: runs("a", "b", "c"), Keys: runs("k1", "k1", "k3"), Times: []int64{1, 1, 1700000000123456789}, Partition: &pb.Partition{Name: "p", Id: 3, Epoch: 9}, Received: 5})
	})
}

// A sink says that it has room only when a batch is written, so that one which has to come again is not overtaken.
func TestSink(t *testing.T) {
	each(t, func(t *testing.T, s *session) {
		stream, err := s.Sink(bounded(t))
		if err != nil {
			t.Fatal(err)
		}
		opened := sent(t, stream, &pb.SinkRequest{Request: &pb.SinkRequest_Open{Open: &pb.OpenSink{Stage: &pb.Stage{Role: pb.Role_SINK, Kind: "fussy"}}}})
		if opened.GetOpened() == nil || opened.GetOpened().Problem != nil {
			t.Fatalf("it is %v", opened)
		}
		write := func(id uint64, values ...string) *pb.SinkReply {
			return sent(t, stream, &pb.SinkRequest{Request: &pb.SinkRequest_Write{Write: &pb.Write{Id: id, Batch: &pb.Batch{Rows: uint32(len(values)), Values: runs(values...)}}}})
		}
		p := write(1, "again").GetWritten().GetProblem()
		if p == nil || p.Permanent || p.Operation != "write" || !strings.HasSuffix(p.Message, "Error: the server is away") {
			t.Errorf("what is to come again has %v", p)
		}
		if taken := write(2, "again", "bad").GetTaken(); taken.GetId() != 2 {
			t.Errorf("it is taken with %v", taken)
		}
		same(t, received(t, stream).GetWritten(), &pb.Written{Id: 2, Failures: []*pb.RowFailure{{Row: 1, Code: "rejected", Message: "the server does not take it"}}})
		same(t, received(t, stream).GetMetrics(), &pb.Metrics{Metrics: []*pb.Metric{{Name: "written", Values: []float64{2}}}})
		same(t, write(3, "never").GetWritten(), &pb.Written{Id: 3, Problem: &pb.Problem{Message: "the table is not there: create it", Permanent: true, Operation: "write"}})
		same(t, sent(t, stream, &pb.SinkRequest{Request: &pb.SinkRequest_Flush{Flush: &pb.Flush{Id: 4}}}).GetFlushed(), &pb.Flushed{Id: 4})
		if closed := sent(t, stream, &pb.SinkRequest{Request: &pb.SinkRequest_Close{Close: &pb.CloseSink{}}}).GetClosed(); closed == nil || closed.Problem != nil {
			t.Errorf("it is closed with %v", closed)
		}
		if more, err := stream.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("after the end there is %v, %v", more, err)
		}
	})
}

// Keys that are not there are not in the answer, and what is away is told as what passes.
func TestLookup(t *testing.T) {
	each(t, func(t *testing.T, s *session) {
		stream, err := s.Lookup(bounded(t))
		if err != nil {
			t.Fatal(err)
		}
		sent(t, stream, &pb.LookupRequest{Request: &pb.LookupRequest_Open{Open: &pb.OpenLookup{Stage: &pb.Stage{Role: pb.Role_LOOKUP, Kind: "names"}}}})
		find := func(id uint64, keys ...*pb.Value) *pb.Found {
			return sent(t, stream, &pb.LookupRequest{Request: &pb.LookupRequest_Find{Find: &pb.Find{Id: id, Keys: keys}}}).GetFound()
		}
		key := func(n int64) *pb.Value { return &pb.Value{Kind: pb.ValueKind_INTEGER, Int: n} }
		found := find(1, key(5), key(-1), key(1<<60+1))
		same(t, found, &pb.Found{Id: 1, Keys: []uint32{0, 2}, Records: runs(`{"name":"n5"}`, `{"name":"n1152921504606846977"}`)})
		if p := find(2, key(0)).GetProblem(); p == nil || p.Permanent || !strings.HasSuffix(p.Message, "the register is away") {
			t.Errorf("what is away is told as %v", p)
		}
	})
}

// source opens a source of the kind that delivers lines.
func (s *session) source(t *testing.T, settings ...*pb.Setting) pb.Plugin_SourceClient {
	t.Helper()
	stream, err := s.Source(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	sent(t, stream, &pb.SourceRequest{Request: &pb.SourceRequest_Open{Open: &pb.OpenSource{Stage: &pb.Stage{Role: pb.Role_SOURCE, Kind: "lines", Config: config(settings...)}}}})
	return stream
}

func credit(t *testing.T, stream pb.Plugin_SourceClient, records uint32, bytes uint64) {
	t.Helper()
	if err := stream.Send(&pb.SourceRequest{Request: &pb.SourceRequest_Credit{Credit: &pb.Credit{Records: records, Bytes: bytes}}}); err != nil {
		t.Fatal(err)
	}
}

// A source sends no more than it may; only the last part of a delivery has its position, and what becomes of the whole is told once.
func TestSource(t *testing.T) {
	each(t, func(t *testing.T, s *session) {
		stream := s.source(t, integer("count", 10), text("end", ""))
		var got []string
		for i, n := range []uint32{4, 3, 100} {
			credit(t, stream, n, 1<<20)
			d := received(t, stream).GetDeliver()
			if d.GetId() != uint64(i)+1 || d.Batch.Rows > n || !d.Answer {
				t.Fatalf("delivery %d is %v", i, d)
			}
			if last := i == 2; last != (d.Next != nil) || last != (len(d.Failures) == 1) {
				t.Errorf("delivery %d has the position %q and the failures %v", i, d.Next, d.Failures)
			}
			got = append(got, texts(d.Batch.Values)...)
		}
		if want := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", ""}; !slices.Equal(got, want) {
			t.Errorf("it delivers %q", got)
		}
		settled := &pb.Settled{Acked: []uint64{1, 2}, Rejected: []*pb.Rejected{{Id: 3, Message: "the disk is full"}}}
		if err := stream.Send(&pb.SourceRequest{Request: &pb.SourceRequest_Settled{Settled: settled}}); err != nil {
			t.Fatal(err)
		}
		if ended := received(t, stream).GetEnded(); ended == nil || ended.Problem != nil {
			t.Errorf("it ends with %v", ended)
		}
		// What it writes to its standard error goes another way than its answers, and may come later.
		for ctx := bounded(t); !strings.Contains(s.log.String(), "the disk is full"); {
			if ctx.Err() != nil {
				t.Fatalf("the source was told nothing: %s", s.log)
			}
			time.Sleep(time.Millisecond)
		}
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		if more, err := stream.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("after the end there is %v, %v", more, err)
		}
	})
}

// A source that waits for room, and one that waits for its device, end when they are told to.
func TestSourceStops(t *testing.T) {
	each(t, func(t *testing.T, s *session) {
		for _, room := range []uint32{0, 5, 100} {
			stream := s.source(t, integer("count", 10), text("end", "wait"))
			if room > 0 {
				credit(t, stream, room, 1<<20)
				received(t, stream)
			}
			began := time.Now()
			reply := sent(t, stream, &pb.SourceRequest{Request: &pb.SourceRequest_Stop{Stop: &pb.Stop{}}})
			if reply.GetEnded() == nil || reply.GetEnded().Problem != nil {
				t.Errorf("it ends with %v", reply)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it takes %s to end", took)
			}
		}
		stream := s.source(t, integer("count", 1), text("end", "fail"))
		credit(t, stream, 100, 1<<20)
		received(t, stream)
		same(t, received(t, stream).GetEnded(), &pb.Ended{Problem: &pb.Problem{Message: "the port is closed: open it", Permanent: true, Operation: "run"}})
	})
}

// What is wrong with a block is told with its attribute; a secret is shown nowhere.
func TestConfigure(t *testing.T) {
	each(t, func(t *testing.T, s *session) {
		token := func(value string) *pb.Config {
			return config(expression("what", pb.ValueKind_TEXT), &pb.Setting{Name: "token", Value: &pb.Setting_Secret{Secret: []byte(value)}}, &pb.Setting{Name: "newer"})
		}
		configure := func(kind string, c *pb.Config) *pb.ConfigureReply {
			r, err := s.Configure(bounded(t), &pb.ConfigureRequest{Stage: &pb.Stage{Role: pb.Role_TRANSFORM, Kind: kind, Config: c}})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		same(t, configure("odd", token("abc")), &pb.ConfigureReply{Problems: []*pb.ConfigProblem{{Path: "token", Message: "the token (secret) is too short: write at least 4 characters"}}})
		r := configure("odd", token("swordfish"))
		if len(r.Problems) > 0 || len(r.Outputs) != 1 || r.Outputs[0].From != pb.Output_INPUT || len(r.Outputs[0].Fields) != 4 || r.Outputs[0].Fields[0].Type.Kind != pb.ValueKind_INTEGER {
			t.Errorf("it is %v", r)
		}
		if r := configure("gone", nil); len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Message, "the plugin has no kind gone") {
			t.Errorf("a kind that is not there gives %v", r)
		}
		stream := s.transform(t, "odd", token("swordfish"))
		process(t, stream, 1, &pb.Batch{Rows: 1, Columns: []*pb.Column{{Name: "c:what", Kind: pb.ValueKind_TEXT, Texts: runs("log")}}})
		s.stop(t)
		if strings.Contains(s.log.String(), "swordfish") {
			t.Errorf("the log has the secret: %s", s.log)
		}
		var got []string
		for line := range strings.Lines(s.log.String()) {
			var m map[string]any
			if json.Unmarshal([]byte(line), &m) != nil {
				got = append(got, strings.TrimSpace(line))
				continue
			}
			got = append(got, fmt.Sprint(m["@level"], " ", m["@message"], " ", m["n"], " ", m["token"]))
		}
		for i, want := range []string{"trace a trace", "debug a detail", "info told with (secret) 7 (secret)", "warn a warning", "error an error", "printed (secret)", "to stderr"} {
			if i >= len(got) || !strings.HasPrefix(got[i], want) {
				t.Errorf("line %d is not %q: %q", i, want, got)
			}
		}
	})
}

// A process that is told to end, whose host has gone or whose author's code ends it, ends at once.
func TestEnds(t *testing.T) {
	each(t, func(t *testing.T, s *session) {
		if !s.healthy(bounded(t)) {
			t.Error("it does not say that it is well")
		}
		if took := s.stop(t); took > 5*time.Second {
			t.Errorf("it takes %s to end", took)
		}
		if code := s.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("it ends with %d: %s", code, s.log)
		}
		again := start(t, s.cmd.Path)
		stream := again.transform(t, "odd", config(expression("what", pb.ValueKind_TEXT)))
		if err := stream.Send(&pb.TransformRequest{Request: &pb.TransformRequest_Process{Process: &pb.Process{Id: 1, Batch: &pb.Batch{Rows: 1, Columns: []*pb.Column{{Name: "c:what", Kind: pb.ValueKind_TEXT, Texts: runs("crash")}}}}}}); err != nil {
			t.Fatal(err)
		}
		if reply, err := stream.Recv(); err == nil {
			t.Errorf("a crash answers %v", reply)
		}
		<-again.ended
		orphan := start(t, s.cmd.Path)
		if err := orphan.stdin.Close(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-orphan.ended:
		case <-time.After(time.Minute):
			t.Error("it goes on although its host has gone")
		}
	})
}
