package connectors_test

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

func nested(name string, values map[string]any) plugins.Config {
	return plugins.NewConfig(nil, plugins.ConfigBlock{Name: name, Config: plugins.NewConfig(values)})
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		config plugins.Config
		want   string
	}{
		{plugins.NewConfig(nil), "100ms 200ms 400ms 800ms 30s"},
		{nested("retry", map[string]any{"backoff": time.Second, "max_backoff": 3 * time.Second}), "1s 2s 3s 3s 3s"},
		{nested("retry", map[string]any{"backoff": time.Second, "max_backoff": time.Millisecond}), "1s 1s 1s 1s 1s"},
		{nested("retry", map[string]any{"backoff": time.Minute}), "1m0s 1m0s 1m0s 1m0s 1m0s"},
	} {
		b := connectors.BackoffOf(c.config)
		var got []string
		for _, attempt := range []int{1, 2, 3, 4, 1000} {
			got = append(got, b.Before(attempt).String())
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("waits are %s, and should be %s", s, c.want)
		}
	}
	if d := connectors.BackoffOf(plugins.NewConfig(nil)).Before(0); d != 100*time.Millisecond {
		t.Errorf("before the attempt 0, the wait is %v", d)
	}
}

func TestCommonFields(t *testing.T) {
	t.Parallel()
	own := make([]plugins.Attr, 1, 8)
	own[0] = plugins.Attr{Name: "url"}
	schema := plugins.Schema{Attrs: connectors.Fields(own...), Blocks: connectors.Blocks(connectors.TLSBlock())}
	connectors.Fields(own...)[1].Name = "changed"
	for _, name := range []string{"url", "startup", "connect_timeout"} {
		if _, ok := schema.Attr(name); !ok {
			t.Errorf("there is no attribute %s", name)
		}
	}
	c := bustest.Block(schema, nil, bustest.Nested(schema, "retry", nil))
	if c.String("startup") != "wait" || c.Duration("connect_timeout") != 10*time.Second || c.Block("retry").Duration("backoff") != 100*time.Millisecond {
		t.Errorf("defaults are %q, %v", c.String("startup"), c.Duration("connect_timeout"))
	}
}

func TestCheckTLS(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values map[string]any
		says   string
	}{
		{nil, ""},
		{map[string]any{"cert_file": "a", "key_file": "b"}, ""},
		{map[string]any{"insecure_skip_verify": true}, ""},
		{map[string]any{"cert_file": "a"}, "tls: cert_file and key_file belong together: set both, or neither"},
		{map[string]any{"key_file": "a"}, "tls: cert_file and key_file belong together: set both, or neither"},
		{map[string]any{"insecure_skip_verify": true, "ca_file": "a"}, "tls.insecure_skip_verify: nothing is verified, so ca_file and server_name say nothing: leave them out, or this"},
	} {
		err := connectors.CheckTLS(nested("tls", c.values))
		if got := fmt.Sprint(err); err == nil && c.says != "" || err != nil && got != c.says {
			t.Errorf("%v: the error is %s", c.values, got)
		}
		var place *plugins.ConfigError
		if err != nil && !errors.As(err, &place) {
			t.Errorf("%v: the error has no place", c.values)
		}
	}
}

func TestTLSFiles(t *testing.T) {
	t.Parallel()
	if c, err := connectors.TLSOf(plugins.NewConfig(nil)); c != nil || err != nil {
		t.Errorf("without a block there is %v, %v", c, err)
	}
	dir := t.TempDir()
	absent, text := filepath.Join(dir, "absent.pem"), filepath.Join(dir, "text.pem")
	if err := os.WriteFile(text, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		values map[string]any
		says   string
	}{
		{map[string]any{"ca_file": absent}, "tls: ca_file: open " + absent},
		{map[string]any{"ca_file": text}, "tls: ca_file: " + text + " holds no certificate in PEM form"},
		{map[string]any{"cert_file": text, "key_file": text}, "tls: cert_file and key_file: "},
	} {
		_, err := connectors.TLSOf(nested("tls", c.values))
		if err == nil || !strings.HasPrefix(err.Error(), c.says) || !plugins.IsPermanent(err) {
			t.Errorf("%v: the error is %v", c.values, err)
		}
	}
}

func TestTLSAgainstAServer(t *testing.T) {
	t.Parallel()
	secure := httptest.NewUnstartedServer(nil)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // of those that refuse it
	secure.StartTLS()
	defer secure.Close()
	plain := httptest.NewServer(nil)
	defer plain.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(ca, authority, 0o600); err != nil {
		t.Fatal(err)
	}
	dial := func(addr string, values map[string]any) error {
		t.Helper()
		c, err := connectors.TLSOf(nested("tls", values))
		if err != nil {
			t.Fatal(err)
		}
		conn, err := tls.Dial("tcp", addr, c)
		if err == nil {
			conn.Close()
		}
		return err
	}
	to, bare := secure.Listener.Addr().String(), plain.Listener.Addr().String()
	for _, c := range []struct {
		what    string
		addr    string
		values  map[string]any
		works   bool
		refused bool
	}{
		{"a trusted server", to, map[string]any{"ca_file": ca}, true, false},
		{"a server by another name", to, map[string]any{"ca_file": ca, "server_name": "example.com"}, true, false},
		{"a name that it has not", to, map[string]any{"ca_file": ca, "server_name": "other.test"}, false, true},
		{"an unknown authority", to, map[string]any{}, false, true},
		{"anybody", to, map[string]any{"insecure_skip_verify": true}, true, false},
		{"a server without TLS", bare, map[string]any{"ca_file": ca}, false, true},
		{"nobody", "127.0.0.1:1", map[string]any{"ca_file": ca}, false, false},
	} {
		err := dial(c.addr, c.values)
		if (err == nil) != c.works || connectors.TLSRefused(err) != c.refused {
			t.Errorf("%s: %v, refused: %v", c.what, err, connectors.TLSRefused(err))
		}
	}
}
