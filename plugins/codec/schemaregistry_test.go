package codec_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/onstream/onstream/plugins"
	"google.golang.org/protobuf/encoding/protowire"
)

// fakeRegistry is a schema registry that keeps everything in memory.
type fakeRegistry struct {
	*httptest.Server
	mu       sync.Mutex
	schemas  []registered // by id, from 1 on
	subjects map[string][]int
	asked    int
	answer   int    // what it answers in place of an answer; 0 for that
	password string // of the user plant; "" lets everybody in
}

type registered struct {
	Schema     string `json:"schema"`
	SchemaType string `json:"schemaType,omitempty"`
	References []any  `json:"references,omitempty"`
}

func newRegistry(t testing.TB) *fakeRegistry {
	r := &fakeRegistry{subjects: map[string][]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /schemas/ids/{id}", func(w http.ResponseWriter, req *http.Request) {
		var id int
		if _, err := fmt.Sscan(req.PathValue("id"), &id); err != nil || id < 1 || id > len(r.schemas) {
			r.refuse(w, http.StatusNotFound, 40403, "Schema not found")
			return
		}
		r.reply(w, r.schemas[id-1])
	})
	mux.HandleFunc("GET /subjects/{subject}/versions/{version}", func(w http.ResponseWriter, req *http.Request) {
		var version int
		ids := r.subjects[req.PathValue("subject")]
		if _, err := fmt.Sscan(req.PathValue("version"), &version); err != nil || version < 1 || version > len(ids) {
			r.refuse(w, http.StatusNotFound, 40402, "Version not found")
			return
		}
		r.reply(w, r.schemas[ids[version-1]-1])
	})
	post := func(register bool) http.HandlerFunc {
		return func(w http.ResponseWriter, req *http.Request) {
			var s registered
			if err := json.NewDecoder(req.Body).Decode(&s); err != nil {
				r.refuse(w, http.StatusUnprocessableEntity, 42201, err.Error())
				return
			}
			subject := req.PathValue("subject")
			for _, id := range r.subjects[subject] {
				if r.schemas[id-1].Schema == s.Schema {
					r.reply(w, map[string]int{"id": id})
					return
				}
			}
			if !register {
				r.refuse(w, http.StatusNotFound, 40403, "Schema not found")
				return
			}
			if subject == "frozen-value" {
				r.refuse(w, http.StatusConflict, 409, "Schema being registered is incompatible")
				return
			}
			r.reply(w, map[string]int{"id": r.add(subject, s)})
		}
	}
	mux.HandleFunc("POST /subjects/{subject}", post(false))
	mux.HandleFunc("POST /subjects/{subject}/versions", post(true))
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.asked++
		user, password, _ := req.BasicAuth()
		switch {
		case r.answer != 0:
			r.refuse(w, r.answer, 50001, "out of order")
		case r.password != "" && (user != "plant" || password != r.password):
			r.refuse(w, http.StatusUnauthorized, 401, "Unauthorized")
		default:
			mux.ServeHTTP(w, req)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *fakeRegistry) reply(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }

func (r *fakeRegistry) refuse(w http.ResponseWriter, status, code int, message string) {
	w.WriteHeader(status)
	r.reply(w, map[string]any{"error_code": code, "message": message})
}

// add gives a schema the next id.
func (r *fakeRegistry) add(subject string, s registered) int {
	r.schemas = append(r.schemas, s)
	r.subjects[subject] = append(r.subjects[subject], len(r.schemas))
	return len(r.schemas)
}

// set changes the registry while it runs.
func (r *fakeRegistry) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

func (r *fakeRegistry) requests() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

// withID is a record behind the id of its schema.
func withID(id int, record string) string {
	return string(binary.BigEndian.AppendUint32([]byte{0}, uint32(id))) + record
}

func avroRecordOf(t testing.TB, schema string, v any) string {
	t.Helper()
	data, err := avro.Marshal(avro.MustParse(schema), v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

const (
	versionOne = `{"type":"record","name":"V","fields":[{"name":"id","type":"string"},{"name":"t","type":"int"},{"name":"old","type":"long"}]}`
	versionTwo = `{"type":"record","name":"V","fields":[{"name":"old","type":"long"},{"name":"id","type":"string"},{"name":"site","type":"string"},{"name":"gps","type":{"type":"record","name":"G","fields":[{"name":"lat","type":"double"}]}}]}`
	whatIsRead = `{"type":"record","name":"V","fields":[
		{"name":"id","type":"string"},
		{"name":"temp","type":"double","aliases":["t"],"default":-1},
		{"name":"site","type":"string","default":"unknown"},
		{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"},"aliases":["old"]},
		{"name":"gps","type":{"type":"record","name":"G","fields":[{"name":"lat","type":"double"},{"name":"lon","type":"float","default":9.5}]},"default":{"lat":48.5}},
		{"name":"key","type":{"type":"fixed","name":"K","size":2},"default":"\u0000\u00ff"},
		{"name":"tags","type":{"type":"array","items":"string"},"default":["a","b"]},
		{"name":"note","type":["null","string"],"default":null}]}`
)

// TestAvroEvolution reads records of two versions as a third one has them.
func TestAvroEvolution(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	one := withID(r.add("v-value", registered{Schema: versionOne}), avroRecordOf(t, versionOne, map[string]any{"id": "a", "t": 7, "old": int64(1500)}))
	two := withID(r.add("v-value", registered{Schema: versionTwo}), avroRecordOf(t, versionTwo, map[string]any{"id": "b", "site": "plant-5", "old": int64(0), "gps": map[string]any{"lat": 1.5}}))
	c := codecNamed(t, "avro")
	o := options{"registry": r.URL, "schema": whatIsRead}
	const rest = `"key":"AP8=","tags":["a","b"],"note":null}`
	for record, want := range map[string]string{
		one: `{"id":"a","temp":7,"site":"unknown","at":"1970-01-01T00:00:01.5Z","gps":{"lat":48.5,"lon":9.5},` + rest,
		two: `{"at":"1970-01-01T00:00:00Z","id":"b","site":"plant-5","gps":{"lat":1.5,"lon":9.5},"temp":-1,` + rest,
	} {
		got, failed := decodeOne(t, c, o, field("", of(plugins.Record)), record)
		if failed != "" || !sameJSON(t, got.Text, want) {
			t.Errorf("got  %s (%s)\nwant %s", got.Text, failed, want)
		}
		var values map[string]any
		if err := json.Unmarshal([]byte(got.Text), &values); err != nil {
			t.Fatal(err)
		}
		decodeEach(t, c, o, c.Type(plugins.NewConfig(o)), record, values)
	}
	if got, failed := decodeOne(t, c, options{"registry": r.URL}, field("old", of(plugins.Any)), one); failed != "" || got.Int != 1500 {
		t.Errorf("without a schema: %v, %s", got, failed)
	}
}

// A symbol that an enum lacks is its default.
func TestAvroEnumEvolution(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	enum := func(rest string) string {
		return `{"type":"record","name":"V","fields":[{"name":"e","type":{"type":"enum","name":"E",` + rest + `}}]}`
	}
	id := r.add("v-value", registered{Schema: enum(`"symbols":["A","B","C"],"default":"C"`)})
	for _, tt := range []struct{ reader, wrote, want string }{
		{`"symbols":["B","OTHER"],"default":"OTHER"`, "\x00", "OTHER"},
		{`"symbols":["B","OTHER"],"default":"OTHER"`, "\x02", "B"},
		{`"symbols":["B","OTHER"],"default":"OTHER"`, "\x04", "OTHER"},
		{`"symbols":["B","OTHER"]`, "\x04", "C"},
	} {
		o := options{"registry": r.URL, "schema": enum(tt.reader)}
		if got, failed := decodeOne(t, codecNamed(t, "avro"), o, field("e", of(plugins.String)), withID(id, tt.wrote)); failed != "" || got.Text != tt.want {
			t.Errorf("%s: %q is %s (%s), want %s", tt.reader, tt.wrote, got.Text, failed, tt.want)
		}
		if got, failed := decodeOne(t, codecNamed(t, "avro"), o, field("", of(plugins.Record)), withID(id, tt.wrote)); failed != "" || got.Text != `{"e":"`+tt.want+`"}` {
			t.Errorf("%s: %q is %s (%s), want %s", tt.reader, tt.wrote, got.Text, failed, tt.want)
		}
	}
}

// What a schema refers to is bounded in all.
func TestReferencesAreBounded(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	var refs []any
	for _, name := range []string{"a.A", "a.B", "a.C"} {
		r.add(name, registered{Schema: `{"type":"record","name":"` + name + `","doc":"` + strings.Repeat("d", 3<<19) + `","fields":[]}`})
		refs = append(refs, map[string]any{"name": name, "subject": name, "version": 1})
	}
	fits := r.add("v", registered{Schema: versionOne, References: refs[:2]})
	if _, failed := decodeOne(t, codecNamed(t, "avro"), options{"registry": r.URL}, field("id", of(plugins.Any)), withID(fits, "\x02a\x00\x00")); failed != "" {
		t.Error(failed)
	}
	large := r.add("w", registered{Schema: versionOne, References: refs})
	const want = "what the schema refers to is longer than 4194304 bytes"
	if _, failed := decodeOne(t, codecNamed(t, "avro"), options{"registry": r.URL}, field("id", of(plugins.Any)), withID(large, "\x02a\x00\x00")); !strings.Contains(failed, want) {
		t.Errorf("%s, want ... %s", failed, want)
	}
}

// TestRegistryIsAskedOnce reads many records with several decoders.
func TestRegistryIsAskedOnce(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	r.password = "hush"
	id := r.add("v-value", registered{Schema: versionOne})
	record := withID(id, avroRecordOf(t, versionOne, map[string]any{"id": "a", "t": 7, "old": int64(0)}))
	c := codecNamed(t, "avro")
	o := options{"registry": r.URL + "/", "username": "plant", "password": plugins.NewSecret("hush")}
	var wait sync.WaitGroup
	for range 8 {
		d := decoder(t, c, o, plugins.Type{}, field("t", of(plugins.Int)))
		wait.Go(func() {
			for range 3 {
				b := batchOf(record, record)
				d.Decode(b)
				if len(b.Sel) != 2 {
					t.Errorf("%+v", b.Failures)
				}
			}
		})
	}
	wait.Wait()
	if n := r.requests(); n != 1 {
		t.Errorf("the registry was asked %d times", n)
	}
}

// TestRegistryFailures is what a user sees where a record has no schema.
func TestRegistryFailures(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	record := avroRecordOf(t, versionOne, map[string]any{"id": "a", "t": 7, "old": int64(0)})
	good := r.add("v-value", registered{Schema: versionOne})
	broken := r.add("v-value", registered{Schema: `{"type":"record","name":"X"}`})
	other := r.add("v-value", registered{Schema: `syntax = "proto3";`, SchemaType: "PROTOBUF"})
	locked := newRegistry(t)
	locked.password = "hush"
	away := newRegistry(t)
	away.Close()
	noRegistry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }))
	t.Cleanup(noRegistry.Close)
	ask := func(url string, more options) options {
		o := options{"registry": url, "wait": time.Minute}
		for k, v := range more {
			o[k] = v
		}
		return o
	}
	tests := []struct {
		o              options
		record         string
		code, contains string
	}{
		{ask(r.URL, nil), record, "decode", `record does not begin with the id of its schema (a zero byte and four more): set wire = "none" and schema_file to read records without one`},
		{ask(r.URL, nil), "\x00\x00", "decode", "record does not begin with the id of its schema"},
		{ask(r.URL, nil), withID(good, record[:3]), "decode", "record is cut off"},
		{ask(r.URL, nil), withID(999, record), "schema_unknown", "record names schema 999, which the registry " + r.URL + " does not have: was it written with another one?"},
		{ask(r.URL, nil), withID(broken, record), "decode", fmt.Sprintf("schema %d of the registry cannot be used: record X has no list of fields", broken)},
		{ask(r.URL, nil), withID(other, record), "decode", "it is of type PROTOBUF, not AVRO"},
		{ask(locked.URL, nil), withID(1, record), "schema_unavailable", "answers 401 (Unauthorized): check username and password"},
		{ask(locked.URL, options{"username": "plant", "password": plugins.NewSecret("loud")}), withID(1, record), "schema_unavailable", "check username and password"},
		{ask(away.URL, options{"wait": 20 * time.Millisecond}), withID(1, record), "schema_unavailable", "the schema registry " + away.URL + " cannot be reached: "},
		{ask(noRegistry.URL, nil), withID(1, record), "schema_unavailable", "its answer is not that of a schema registry: check the URL"},
	}
	c := codecNamed(t, "avro")
	for _, tt := range tests {
		b := batchOf(tt.record)
		decoder(t, c, tt.o, plugins.Type{}, field("id", of(plugins.Any))).Decode(b)
		if len(b.Failures) != 1 || b.Failures[0].Code != tt.code || !strings.Contains(b.Failures[0].Msg, tt.contains) || strings.Contains(b.Failures[0].Msg, "loud") {
			t.Errorf("%.30q: %+v, want %s: %s", tt.record, b.Failures, tt.code, tt.contains)
		}
	}
}

// TestRecordsWaitForTheRegistry reads while the registry is out of order.
func TestRecordsWaitForTheRegistry(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	id := r.add("v-value", registered{Schema: versionOne})
	r.answer = http.StatusServiceUnavailable
	record := withID(id, avroRecordOf(t, versionOne, map[string]any{"id": "a", "t": 7, "old": int64(0)}))
	c := codecNamed(t, "avro")
	d := decoder(t, c, options{"registry": r.URL, "wait": time.Hour}, plugins.Type{}, field("t", of(plugins.Int)))
	b := batchOf(record)
	done := make(chan struct{})
	go func() { defer close(done); d.Decode(b) }()
	for r.requests() < 2 {
		time.Sleep(time.Millisecond)
	}
	r.set(func() { r.answer = 0 })
	<-done
	if len(b.Sel) != 1 || b.Column("t").Ints[0] != 7 {
		t.Errorf("%+v", b.Failures)
	}

	// When the wait is over the whole batch fails at once; the next one asks again.
	r.set(func() { r.answer = http.StatusInternalServerError })
	d = decoder(t, codecNamed(t, "avro"), options{"registry": r.URL, "wait": time.Duration(0)}, plugins.Type{}, field("t", of(plugins.Int)))
	b = batchOf(record, record, withID(77, ""), record)
	before := r.requests()
	d.Decode(b)
	if n := r.requests() - before; len(b.Failures) != 4 || b.Failures[2].Code != "schema_unavailable" || n != 1 {
		t.Errorf("%d requests, %+v", n, b.Failures)
	}
	r.set(func() { r.answer = 0 })
	for tries := 60; ; tries-- { // it asks for a second, in which a busy machine may not answer
		b = batchOf(record)
		if d.Decode(b); len(b.Sel) == 1 {
			break
		}
		if tries == 0 {
			t.Fatalf("%+v", b.Failures)
		}
	}
}

// TestRegistryReferences reads schemas that use others.
func TestRegistryReferences(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	refer := func(name, subject string) []any {
		return []any{map[string]any{"name": name, "subject": subject, "version": 1}}
	}
	r.add("gps", registered{Schema: `{"type":"record","name":"p.GPS","fields":[{"name":"lat","type":"double"}]}`})
	id := r.add("r", registered{Schema: `{"type":"record","name":"p.R","fields":[{"name":"gps","type":"p.GPS"}]}`, References: refer("p.GPS", "gps")})
	got, failed := decodeOne(t, codecNamed(t, "avro"), options{"registry": r.URL}, field("gps/lat", of(plugins.Float)), withID(id, "\x00\x00\x00\x00\x00\x00\xf8\x3f"))
	if failed != "" || got.Float != 1.5 {
		t.Errorf("%v, %s", got, failed)
	}

	r.add("gps-proto", registered{Schema: `syntax = "proto3"; message GPS { double lat = 1; }`, SchemaType: "PROTOBUF"})
	id = r.add("r-proto", registered{
		Schema: `syntax = "proto3"; import "gps.proto"; message First {} message Outer { message Skip {} message R { GPS gps = 1; } }`, SchemaType: "PROTOBUF", References: refer("gps.proto", "gps-proto"),
	})
	at := func(place ...int64) string {
		var b []byte
		for _, n := range place {
			b = protowire.AppendVarint(b, protowire.EncodeZigZag(n))
		}
		return string(b)
	}
	c, o := codecNamed(t, "protobuf"), options{"registry": r.URL}
	const message = "\x0a\x09\x09\x00\x00\x00\x00\x00\x00\xf8\x3f"
	got, failed = decodeOne(t, c, o, field("gps/lat", of(plugins.Float)), withID(id, at(2, 1, 1)+message))
	if failed != "" || got.Float != 1.5 {
		t.Errorf("%v, %s", got, failed)
	}
	if _, failed = decodeOne(t, c, o, field("gps", of(plugins.Any)), withID(id, at(0)+message)); failed != "" {
		t.Error(failed) // the first message, whose fields are others
	}
	for record, want := range map[string]string{
		withID(id, at(1, 9)): "record names a message that its schema does not have",
		withID(id, at(-1)):   "record does not say, behind the id of its schema, which message it is",
		withID(id, ""):       "record does not say, behind the id of its schema, which message it is",
		withID(99, at(0)):    "record names schema 99, which the registry " + r.URL + " does not have: was it written with another one?",
		"x":                  `record does not begin with the id of its schema (a zero byte and four more): set wire = "none" and schema_file to read records without one`,
	} {
		if _, failed := decodeOne(t, c, o, field("gps", of(plugins.Any)), record); failed != want {
			t.Errorf("%q: %s, want %s", record, failed, want)
		}
	}
	circle := r.add("circle", registered{Schema: `syntax = "proto3"; import "circle.proto"; message M {}`, SchemaType: "PROTOBUF", References: refer("circle.proto", "circle")})
	if _, failed := decodeOne(t, c, o, field("x", of(plugins.Any)), withID(circle, at(0))); !strings.Contains(failed, "cycle") {
		t.Error(failed)
	}
}

// TestWritingWithIDs writes records behind the id that the registry has for the
// schema.
func TestWritingWithIDs(t *testing.T) {
	t.Parallel()
	r := newRegistry(t)
	const schema = `{"type":"record","name":"S","fields":[{"name":"x","type":"int"}]}`
	proto := protoFile(t, `syntax = "proto3"; message Other {} message S { int32 x = 1; }`)
	write := func(format string, o options) (string, []plugins.Failure) {
		fields := []plugins.Field{field("x", of(plugins.Int))}
		b := new(plugins.Pool).Batch()
		b.SelectAll(1)
		withColumns(b, fields, []plugins.Value{intValue(3)})
		c := codecNamed(t, format)
		return encoded(encoder(t, c, o, plugins.Columns(fields...)), framing(t, c, o), b), b.Failures
	}
	o := options{"schema": schema, "registry": r.URL, "subject": "s-value"}
	out, failures := write("avro", o)
	if len(failures) != 1 || out != "" || failures[0].Code != "schema_unknown" || failures[0].Msg != "the registry "+r.URL+" does not have this schema under subject s-value: register it, or set auto_register = true" {
		t.Errorf("%q, %+v", out, failures)
	}
	o["auto_register"] = true
	if out, failures = write("avro", o); out != withID(1, "\x06") {
		t.Errorf("%q, %+v", out, failures)
	}
	delete(o, "auto_register")
	if out, failures = write("avro", o); out != withID(1, "\x06") {
		t.Errorf("%q, %+v", out, failures)
	}
	o["subject"], o["auto_register"] = "frozen-value", true
	if _, failures = write("avro", o); len(failures) != 1 || !strings.HasSuffix(failures[0].Msg, "does not take the schema under subject frozen-value: it answers 409 (Schema being registered is incompatible)") {
		t.Errorf("%+v", failures)
	}
	if out, failures = write("avro", options{"schema": schema, "schema_id": int64(500)}); out != withID(500, "\x06") {
		t.Errorf("%q, %+v", out, failures)
	}
	o = options{"proto_file": proto, "message": "S", "registry": r.URL, "subject": "p-value", "auto_register": true}
	if out, failures = write("protobuf", o); out != withID(2, "\x02\x02\x08\x03") {
		t.Errorf("%q, %+v", out, failures)
	}
	if got, failed := decodeOne(t, codecNamed(t, "protobuf"), options{"registry": r.URL}, field("x", of(plugins.Any)), out); failed != "" || got.Int != 3 {
		t.Errorf("%v, %s", got, failed)
	}
	config := plugins.EncoderConfig{Shape: plugins.Columns(field("x", of(plugins.Int))), Topic: "plant.readings"}
	config.Options = plugins.NewConfig(options{"schema": schema, "registry": r.URL, "auto_register": true})
	e, err := codecNamed(t, "avro").Encoder(config)
	if err != nil {
		t.Fatal(err)
	}
	b := new(plugins.Pool).Batch()
	b.SelectAll(1)
	withColumns(b, []plugins.Field{field("x", of(plugins.Int))}, []plugins.Value{intValue(3)})
	if out = encoded(e, framing(t, codecNamed(t, "avro"), o), b); out != withID(3, "\x06") || len(r.subjects["plant.readings-value"]) != 1 {
		t.Errorf("%q, %+v; the subjects are %v", out, b.Failures, r.subjects)
	}
	r.Close()
	o["wait"] = time.Duration(0)
	if _, failures = write("protobuf", o); len(failures) != 1 || failures[0].Code != "schema_unavailable" {
		t.Errorf("%+v", failures)
	}
}
