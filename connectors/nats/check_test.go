package nats_test

import (
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins"
)

// What cannot be right is said when the pipeline is built.
func TestCheck(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	servers := []string{"nats://127.0.0.1:4222"}
	for name, c := range map[string]struct {
		values map[string]any
		blocks []plugins.ConfigBlock
		want   string
	}{
		"both places":          {values: map[string]any{"servers": servers, "embedded": true}, want: "embedded: servers names servers that run elsewhere, and this is for one in the process: leave one of them out"},
		"no place":             {values: map[string]any{"embedded": false}, want: "embedded: then there is no server at all: name some with servers, or leave this out"},
		"listen elsewhere":     {values: map[string]any{"servers": servers, "listen": "127.0.0.1:0"}, want: "listen: it is for the embedded server, and servers names others: leave one of them out"},
		"creds embedded":       {values: map[string]any{"creds_file": "x"}, want: "creds_file: it is for servers that run elsewhere: name them with servers, or leave it out"},
		"tls embedded":         {blocks: []plugins.ConfigBlock{r.nested("tls", nil)}, want: "tls: it is for servers that run elsewhere"},
		"token without listen": {values: map[string]any{"token": plugins.NewSecret("x")}, want: "token: nobody but this pipeline can connect to the embedded server: set listen, or leave this out"},
		"port too large":       {values: map[string]any{"listen": "127.0.0.1:70000"}, want: `listen: "70000" is no port: it is a number up to 65535`},
		"no port":              {values: map[string]any{"listen": "localhost"}, want: `listen: "localhost" is no address with a port: write it like "127.0.0.1:4222"`},
		"no URL":               {values: map[string]any{"servers": []string{"localhost:4222"}}, want: `servers: "localhost:4222" is no URL of a server: write it like "nats://127.0.0.1:4222"`},
		"password in URL":      {values: map[string]any{"servers": []string{"nats://me:hunter2@h:4222"}}, want: "servers: nats://(secret)@h:4222 holds a password, which would be seen: write it with username and password, or token"},
		"two identities":       {values: map[string]any{"servers": servers, "token": plugins.NewSecret("x"), "username": "u", "password": plugins.NewSecret("p")}, want: "username: token says already who connects: leave one of them out"},
		"nobody's password":    {values: map[string]any{"servers": servers, "password": plugins.NewSecret("p")}, want: "password: whose is it? set username"},
		"no password":          {values: map[string]any{"servers": servers, "username": "u"}, want: "username: set password, too"},
		"empty token":          {values: map[string]any{"servers": servers, "token": plugins.NewSecret("")}, want: "token: the token is empty: set one, or leave the attribute out"},
		"stream name":          {blocks: []plugins.ConfigBlock{r.nested("stream", map[string]any{"name": "a.b"})}, want: `stream.name: "a.b" cannot be the name of a stream: leave out dots, spaces, slashes, * and >`},
		"subjects of none":     {blocks: []plugins.ConfigBlock{r.nested("stream", map[string]any{"subjects": []string{"a"}})}, want: "stream.subjects: of which stream? set name"},
		"all subjects":         {blocks: []plugins.ConfigBlock{r.nested("stream", map[string]any{"name": "a", "subjects": []string{">"}})}, want: `stream.subjects: ">" takes the server's own subjects, too: begin with a level that has a name`},
		"the server's subject": {blocks: []plugins.ConfigBlock{r.nested("stream", map[string]any{"name": "a", "subjects": []string{"$KV.x"}})}, want: `stream.subjects: "$KV.x" cannot be a topic: subjects that begin with $KV are for the server, or onstream, alone`},
		"discard":              {blocks: []plugins.ConfigBlock{r.nested("stream", map[string]any{"discard": "new"})}, want: "stream.discard: nothing is discarded without a limit: set max_bytes"},
		"durable":              {blocks: []plugins.ConfigBlock{r.nested("consumer", map[string]any{"durable": "a b"})}, want: `consumer.durable: "a b" cannot be the name of a consumer: write letters, digits, - and _`},
		"interest, divided":    {values: map[string]any{"partitions": int64(2)}, blocks: []plugins.ConfigBlock{r.nested("stream", map[string]any{"retention": "interest"})}, want: "partitions: a stream that keeps what some group has not read would drop what comes while a partition has no reader"},
		"certificate":          {values: map[string]any{"servers": servers}, blocks: []plugins.ConfigBlock{r.nested("tls", map[string]any{"cert_file": "x"})}, want: "tls: cert_file and key_file belong together: set both, or neither"},
	} {
		err := r.kind.Check(r.config(c.values, c.blocks...))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v; want %s", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the message tells a password: %v", name, err)
		}
	}
	for name, values := range map[string]map[string]any{
		"nothing": nil, "embedded": {"embedded": true}, "listening": {"listen": "127.0.0.1:0", "token": plugins.NewSecret("x")},
		"elsewhere": {"servers": []string{"tls://a:4222", "wss://b"}, "creds_file": "x", "session_timeout": time.Minute},
	} {
		if err := r.kind.Check(r.config(values)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// That everybody is let in is said before the pipeline runs.
func TestOpenServerWeakensThePromise(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const want = "everybody who reaches the embedded server at 0.0.0.0:4222 may read, write and remove its records (set token, or username and password)"
	for name, c := range map[string]struct {
		values map[string]any
		open   bool
	}{
		"open":         {map[string]any{"listen": "0.0.0.0:4222"}, true},
		"all, forced":  {map[string]any{"listen": "0.0.0.0:4222", "durability": "fsync"}, true},
		"with a token": {map[string]any{"listen": "0.0.0.0:4222", "token": plugins.NewSecret("x")}, false},
		"local":        {map[string]any{"listen": "127.0.0.1:4222"}, false},
		"private":      {nil, false},
	} {
		can, err := r.kind.Reads(plugins.NewConfig(map[string]any{"topic": "a.b"}).WithConnector(r.kind, r.config(c.values)))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(can.Weakens, want) != c.open {
			t.Errorf("%s: %q", name, can.Weakens)
		}
	}
}
