//go:build unix

package remote_test

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/remote/pb"
)

// Lookup implements pb.PluginServer.
func (r *rogue) Lookup(stream pb.Plugin_LookupServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	how := caseOf(first.GetOpen().GetStage())
	reply := &pb.LookupReply{Reply: &pb.LookupReply_Opened{Opened: &pb.Opened{}}}
	if how == "opens with nothing" {
		reply = &pb.LookupReply{}
	}
	for {
		if err := stream.Send(reply); err != nil {
			return err
		}
		request, err := stream.Recv()
		if err == io.EOF { //nolint:errorlint // as gRPC says it
			return nil
		} else if err != nil {
			return err
		}
		if reply, err = r.find(how, request.GetFind()); err != nil || reply == nil {
			return err
		}
	}
}

// find answers to a question about two keys; nil ends the stream.
func (r *rogue) find(how string, q *pb.Find) (*pb.LookupReply, error) {
	records := func(texts ...string) *pb.Bytes {
		p := &pb.Bytes{}
		for _, s := range texts {
			p.Data, p.Lengths = append(p.Data, s...), append(p.Lengths, uint32(len(s)))
		}
		return p
	}
	f := &pb.Found{Id: q.GetId(), Keys: []uint32{0}, Records: records(`{"a":1}`)}
	switch how {
	case "answers another":
		f.Id += 8
	case "key beyond":
		f.Keys[0] = 4e9
	case "key twice":
		f.Keys, f.Records = []uint32{1, 1}, records("{}", "{}")
	case "too few":
		f.Keys = []uint32{0, 1}
	case "no object":
		f.Records = records("[1]")
	case "no JSON":
		f.Records = records(`{"a":`)
	case "lengths":
		f.Records.Lengths[0] = 4e9
	case "nothing":
		return &pb.LookupReply{}, nil
	case "ends":
		return nil, nil
	case "status":
		return nil, status.Error(codes.Internal, "out of order, "+os.Getenv("TOKEN"))
	case "huge":
		f.Records = records(`{"a":"` + strings.Repeat("a", 33<<20) + `"}`)
	case "problem":
		f.Problem = &pb.Problem{Message: "not now, " + os.Getenv("TOKEN")}
	case "exits":
		os.Exit(7)
	case "mute":
		time.Sleep(time.Hour)
	}
	return &pb.LookupReply{Reply: &pb.LookupReply_Found{Found: f}}, nil
}

// lookupOf makes a look-up, which is closed at the end of the test.
func lookupOf(t *testing.T, r *plugins.Registry, name string, config map[string]any) (plugins.Lookup, *plugins.Metrics) {
	t.Helper()
	kind, _ := r.Lookup(name)
	metrics := new(plugins.Metrics)
	e := env(new(plugins.Pool), metrics)
	e.Stage = "transform.where"
	l, err := kind.New(plugins.NewConfig(config), e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.(plugins.Closer).Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return l, metrics
}

func TestLookupsThatAnswerNonsense(t *testing.T) {
	t.Parallel()
	const rule = "plugin acme does not keep to the protocol: lookup acme_find: "
	for how, test := range map[string]struct {
		want      string
		permanent bool
	}{
		"opens with nothing": {rule + "its first answer is not that it was opened; tell its author", true},
		"answers another":    {rule + "it answers to request 9, which was not sent; tell its author", true},
		"key beyond":         {rule + "it has found key 4000000000 of 2; tell its author", true},
		"key twice":          {rule + "it has found key 1 twice; tell its author", true},
		"too few":            {rule + "the records that were found has 1 lengths for 2 rows; tell its author", true},
		"no object":          {rule + "what it has found for key 0 is no JSON text of an object; tell its author", true},
		"no JSON":            {rule + "what it has found for key 0 is no JSON text of an object; tell its author", true},
		"lengths":            {rule + "the records that were found has 7 bytes, and its lengths are those of 4000000000; tell its author", true},
		"nothing":            {rule + "it says something that no look-up says; tell its author", true},
		"ends":               {"the plugin crashes on the keys: its stream of transform.where broke off: the plugin has ended it before it was over", true},
		"status":             {"the plugin crashes on the keys: its stream of transform.where broke off: Internal: out of order, (secret)", true},
		"huge":               {"what the plugin answers is larger than the 32 MiB that a message may have", true},
		"problem":            {"not now, (secret)", false},
		"exits":              {"the plugin crashes on the keys: it ended with exit status 7", true},
		"mute":               {"the plugin crashes on the keys: it has not answered within 500ms (limits.timeout): the stream of transform.where", true},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			c := rogueConfig(t, "")
			if how == "mute" {
				c.Limits.Timeout = 500 * time.Millisecond
			}
			_, r := launch(t, c)
			l, _ := lookupOf(t, r, "acme_find", map[string]any{"case": how})
			keys := []plugins.Value{{Kind: plugins.String, Text: "a"}, {Kind: plugins.String, Text: "b"}}
			err := l.Find(t.Context(), keys, func(i int, _ []byte) { t.Errorf("key %d was found", i) })
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || plugins.IsPermanent(err) != test.permanent {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}
