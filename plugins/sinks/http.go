package sinks

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
)

func httpKind() plugins.SinkKind {
	return plugins.SinkKind{
		Name: "http",
		Schema: plugins.Schema{
			Doc: "Sends records to a URL, many in one request. Any 2xx means that they are taken. After 408, 425, 429, 5xx and failures of the network the request is sent again, but not those that were answered before it, after Retry-After where the server says so; records of a request that is answered with anything else go to the error output. Redirects are not followed. A request whose answer is lost is sent again too, and so is what was on the way when the process ended: set idempotent where the receiver knows by a key what it has taken.",
			Example: `sink "http" "cloud" {
  from  = source.readings
  url   = "https://ingest.example.com/readings"
  token = secret("env:INGEST_TOKEN")
  body  = "array"
}

# The receiver keeps a reading once, however often it comes.
sink "http" "ledger" {
  from       = source.readings
  url        = "https://ledger.example.com/entries"
  body       = "single"
  key        = event.id
  idempotent = true
}`,
			Attrs: []plugins.Attr{
				{Name: "url", Type: plugins.AttrString, Required: true, Doc: "Where to send records: http or https."},
				{Name: "method", Type: plugins.AttrString, Default: "POST", Enum: []string{"POST", "PUT", "PATCH"}, Doc: "The method of the requests."},
				{Name: "headers", Type: plugins.AttrStringMap, Doc: "Headers of the requests."},
				{Name: "token", Type: plugins.AttrSecret, Doc: "Sent as `Authorization: Bearer TOKEN`."},
				{Name: "body", Type: plugins.AttrString, Default: "stream", Enum: []string{"stream", "array", "single"}, Doc: "stream sends records as a file of the format has them (for json, an object a line), array a JSON array, single one record in each request."},
				{Name: "max_records", Type: plugins.AttrInt, Default: int64(1000), Min: plugins.Bound(1), Doc: "Records in a request at most."},
				{Name: "max_bytes", Type: plugins.AttrSize, Default: int64(1 << 20), Min: plugins.Bound(1), Doc: "Bytes of a request at most, before compression; a single larger record is sent all the same."},
				{Name: "compression", Type: plugins.AttrString, Default: "none", Enum: []string{"none", "gzip"}, Doc: "How bodies are compressed."},
				{Name: "idempotent", Type: plugins.AttrBool, Default: false, Doc: "Whether the receiver answers a request whose key it has taken before with 2xx, and takes nothing. Each request then carries the record's key: `Idempotency-Key: KEY`. The stage needs `key`, which tells each record from all others, and body = \"single\". A record whose key is empty, longer than 1 KiB, or no value of a header (it has control characters, or a space at an end) fails."},
				{Name: "timeout", Type: plugins.AttrDuration, Default: 30 * time.Second, Min: plugins.Bound(0.001), Doc: "How long a request may take."},
			},
		},
		Payload:       true,
		DefaultFormat: "json",
		Check:         checkHTTP,
		Capabilities: func(c plugins.Config) plugins.Capabilities {
			if c.Bool("idempotent") {
				return plugins.Capabilities{Idempotent: true}
			}
			return plugins.Capabilities{Weakens: "a request whose answer is lost is sent again"}
		},
		New: newHTTP,
	}
}

func checkHTTP(c plugins.Config) error {
	u, err := url.Parse(c.String("url"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return plugins.ConfigErrorf("url", "%q is no URL to send to: write it like \"https://example.com/readings\"", c.String("url"))
	}
	if c.String("body") == "array" && c.Payload().Format != "json" {
		return plugins.ConfigErrorf("body", "only json has arrays: set format = \"json\", or body = \"stream\"")
	}
	if why := c.Payload().Alone; why != "" && c.String("body") == "stream" && c.Int("max_records") != 1 {
		return plugins.ConfigErrorf("body", "records stand one behind the other in a request, and %s; or send each in a request of its own, with body = \"single\"", why)
	}
	if c.Bool("idempotent") {
		switch {
		case c.String("body") != "single":
			return plugins.ConfigErrorf("idempotent", "a request has one key, and so one record: set body = \"single\"")
		case !c.Has("key"):
			return plugins.ConfigErrorf("idempotent", "requests need the keys of their records: set key to what tells a record from all others, such as key = event.id")
		}
	}
	for name, value := range c.StringMap("headers") {
		switch at := "headers"; {
		case name == "" || strings.ContainsAny(name, " \t\r\n:") || strings.ContainsAny(value, "\r\n"):
			return plugins.ConfigErrorf(at, "%q is no header: names have no spaces or colons, values no line breaks", name)
		case strings.EqualFold(name, "Content-Encoding") || strings.EqualFold(name, "Content-Length"):
			return plugins.ConfigErrorf(at, "%s is set by the sink: leave it out, and use compression", name)
		case strings.EqualFold(name, idempotencyKey) && c.Bool("idempotent"):
			return plugins.ConfigErrorf(at, "%s is set by idempotent: leave one of them out", idempotencyKey)
		case strings.EqualFold(name, "Authorization") && c.Has("token"):
			return plugins.ConfigErrorf(at, "Authorization is set by token: leave one of them out")
		}
	}
	return nil
}

func newHTTP(c plugins.Config, env plugins.Env) (plugins.Sink, error) {
	if err := checkHTTP(c); err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression = true // answers are short
	s := &httpSink{
		url: c.String("url"), method: c.String("method"), headers: http.Header{}, timeout: c.Duration("timeout"), keyed: c.Bool("idempotent"), env: env,
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		body: requestBody{
			form: c.String("body"), term: env.Framing.Terminator, compress: c.String("compression") == "gzip",
			maxRecords: int(c.Int("max_records")), maxBytes: int(c.Int("max_bytes")),
		},
	}
	if s.body.form == "single" {
		s.body.maxRecords = 1
	}
	s.headers.Set("Content-Type", contentType(c.Payload().Format, s.body.form))
	s.headers.Set("User-Agent", "onstream")
	for name, value := range c.StringMap("headers") {
		s.headers.Set(name, value)
	}
	if s.body.compress {
		s.headers.Set("Content-Encoding", "gzip")
	}
	s.token = c.Secret("token")
	if token := s.token.Reveal(); token != "" {
		s.headers.Set("Authorization", "Bearer "+token)
	}
	return s, nil
}

// contentType returns what a body of a format is called.
func contentType(format, form string) string {
	switch {
	case format == "json" && form == "stream":
		return "application/x-ndjson"
	case format == "json":
		return "application/json"
	case format == "csv":
		return "text/csv"
	case format == "raw":
		return "text/plain"
	case format == "cbor" && form == "stream":
		return "application/cbor-seq"
	case format == "cbor":
		return "application/cbor"
	case format == "msgpack":
		return "application/msgpack"
	default:
		return "application/octet-stream"
	}
}
