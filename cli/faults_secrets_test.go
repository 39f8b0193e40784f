package cli

import (
	"bytes"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTokensStayOutOfTheSpool sends records with a token. They are in the
// spool, and it is not, nor in any other file.
func TestTokensStayOutOfTheSpool(t *testing.T) {
	t.Parallel()
	const token = "hunter2-very-secret"
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p", "main.hcl"), `
pipeline "web" {}

source "http" "in" {
  listen = "127.0.0.1:0"
  token  = secret("env:TOKEN")
}
transform "reduce" "count" {
  from    = source.in
  key     = event.k
  initial = { n = 0 }
  update  = { n = state.n + 1 }
}
sink "file" "out" {
  from = transform.count
  path = "out.ndjson"
}
`)
	l := live(t, dir, []string{"TOKEN=" + token}, "--log-level", "debug", "--state", "state", "p")
	url := l.awaitLog(`msg=listening .*address=(http://\S+)`)
	for _, sent := range []struct {
		token string
		code  int
	}{{token, http.StatusOK}, {"wrong-" + token, http.StatusUnauthorized}} {
		req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(`{"k":"visible"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+sent.token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != sent.code {
			t.Errorf("%s with token %q", resp.Status, sent.token)
		}
	}
	l.await("a result", func() bool { return strings.Contains(read(t, filepath.Join(dir, "out.ndjson")), `"n":1`) })
	l.kill()
	if strings.Contains(l.said(), token) {
		t.Errorf("the log tells the token:\n%s", l.said())
	}
	spooled := false
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(token)) {
			t.Errorf("%s holds the token", path)
		}
		spooled = spooled || strings.Contains(path, "spool") && bytes.Contains(text, []byte("visible"))
		return err
	})
	if err != nil || !spooled {
		t.Errorf("the record is in no spool; %v", err)
	}
}
