package mongo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

// What is wrong with a connector is told without a network, and without what is secret.
func TestConnectorsThatAreRefused(t *testing.T) {
	t.Parallel()
	kind, _ := registry(t).Connector("mongo")
	secured := bustest.Nested(kind.Schema, "tls", nil)
	for name, tt := range map[string]struct {
		uri    string
		values map[string]any
		blocks []plugins.ConfigBlock
		want   string // "" for one that is taken
	}{
		"taken":                        {uri: "mongodb://a:1,b:2,[::1]:3/db?replicaSet=rs&w=majority&journal=true&readPreference=secondary"},
		"a user":                       {uri: "mongodb://u%40x:hunter2%3A@a/db?authSource=admin&authMechanism=SCRAM-SHA-1"},
		"names that have to be found":  {uri: "mongodb+srv://nowhere.invalid/db?srvMaxHosts=2&tls=true"},
		"no scheme":                    {uri: "a:27017", want: "uri: it begins with neither mongodb:// nor mongodb+srv://"},
		"http":                         {uri: "http://hunter2@a", want: "uri: it begins with neither"},
		"an @ in the password":         {uri: "mongodb://u:hunter2@x@a/db", want: "uri: the user or the password in it has a character that means something there: percent-encode it (@ is %40"},
		"a : in the password":          {uri: "mongodb://u:hunter2:x@a/db", want: "percent-encode it"},
		"a / in the password":          {uri: "mongodb://u:hunter2/x@a/db", want: "percent-encode it"},
		"a ? in the password":          {uri: "mongodb://u:hunter2?x@a/db", want: "percent-encode it"},
		"a % in the password":          {uri: "mongodb://u:hunter2%zz@a/db", want: "has a % that encodes nothing"},
		"no host":                      {uri: "mongodb:///db", want: "it names no server"},
		"a comma too many":             {uri: "mongodb://a,,b/db", want: "a comma too many"},
		"no port":                      {uri: "mongodb://a:port/db", want: `the hosts "a:port"`},
		"a port of a found name":       {uri: "mongodb+srv://a.example.com:1/db", want: "mongodb+srv:// takes one name, without a port"},
		"no slash":                     {uri: "mongodb://a?w=1", want: "write a / before the ?"},
		"an unknown option":            {uri: "mongodb://a/db?tlss=true", want: `there is no option "tlss"`},
		"an option without a value":    {uri: "mongodb://a/db?tls", want: `the option "tls" has no value`},
		"an option twice":              {uri: "mongodb://a/db?w=1&w=2", want: "the option w is in it twice"},
		"a wrong value":                {uri: "mongodb://a/db?maxPoolSize=many", want: "the option maxPoolSize: "},
		"no confirmation":              {uri: "mongodb://a/db?w=0", want: "the option w=0: nothing that is written would be confirmed"},
		"options that exclude another": {uri: "mongodb://a,b/db?directConnection=true", want: "its options: "},
		"a secret option":              {uri: "mongodb://u@a/db?authMechanism=MONGODB-X509&tlsCertificateKeyFilePassword=hunter2&tlss=1", want: `there is no option "tlss"`},
		"a secret property":            {uri: "mongodb://u:p@a/db?authMechanism=GSSAPI&authMechanismProperties=hunter2&x=1", want: `there is no option "x"`},
		"no database":                  {uri: "mongodb://a/", want: "database: neither the URI nor this names a database"},
		"another database":             {uri: "mongodb://a/db", values: map[string]any{"database": "other"}, want: `database: the URI names the database "db", and this "other"`},
		"no name of a database":        {uri: "mongodb://a/", values: map[string]any{"database": "a.b"}, want: `database: "a.b" is no name of a database`},
		"two users":                    {uri: "mongodb://u:hunter2@a/db", values: map[string]any{"username": "v", "password": plugins.NewSecret("p")}, want: "username: the URI has a user, too"},
		"no password":                  {uri: "mongodb://a/db", values: map[string]any{"username": "v"}, want: "username: set password, too"},
		"no user":                      {uri: "mongodb://a/db", values: map[string]any{"password": plugins.NewSecret("hunter2")}, want: "password: set username, too"},
		"a concern twice":              {uri: "mongodb://a/db?w=1", values: map[string]any{"write_concern": "majority"}, want: "write_concern: the URI has the option w, too"},
		"no concern":                   {uri: "mongodb://a/db", values: map[string]any{"write_concern": "0"}, want: `write_concern: "0" confirms nothing`},
		"a journal twice":              {uri: "mongodb://a/db?journal=false", values: map[string]any{"journal": true}, want: "journal: the URI has the option journal, too"},
		"TLS twice":                    {uri: "mongodb://a/db?tls=false", blocks: []plugins.ConfigBlock{secured}, want: "tls: the URI has the option tls, too"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := map[string]any{"uri": plugins.NewSecret(tt.uri)}
			for k, v := range tt.values {
				all[k] = v
			}
			err := kind.Check(bustest.Block(kind.Schema, all, tt.blocks...))
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%v\nhas no %q", err, tt.want)
			case err != nil && strings.Contains(err.Error(), "hunter2"):
				t.Errorf("a secret is told: %v", err)
			}
		})
	}
}

// What is wrong with a sink is told when the pipeline is built.
func TestSinksThatAreRefused(t *testing.T) {
	t.Parallel()
	kind, _ := registry(t).Sink("mongo")
	id := fields("device")
	update := func(values map[string]any) []plugins.ConfigBlock {
		return []plugins.ConfigBlock{nested(t, "update", values)}
	}
	create := func(values map[string]any) []plugins.ConfigBlock {
		return []plugins.ConfigBlock{nested(t, "create", values)}
	}
	expression := []plugins.NamedExpr{{Expr: said{field: ""}}}
	for name, tt := range map[string]struct {
		values map[string]any
		blocks []plugins.ConfigBlock
		want   string
	}{
		"upsert without id":      {map[string]any{"mode": "upsert"}, nil, "id: upsert needs to know which document is meant: write id = [event.FIELD]"},
		"delete without id":      {map[string]any{"mode": "delete"}, nil, "id: delete needs to know"},
		"an id that is no field": {map[string]any{"id": expression}, nil, `id: element 1 is no field of the record, such as event.device: let a transform "map" make it a field`},
		"an id by two names":     {map[string]any{"id": fields("a/x", "b/x")}, nil, `id: two fields are called "x"`},
		"an id not in the body":  {map[string]any{"id": id, "body": fields("other")}, nil, `id: body has no field "device"`},
		"an operator as id":      {map[string]any{"id": fields("$gt", "a")}, nil, `id: "$gt" is no name in a document`},
		"fields to insert":       {map[string]any{"mode": "insert", "id": id, "id_as": "fields"}, nil, "id_as: insert looks for no document"},
		"an update to insert":    {map[string]any{"mode": "insert"}, update(map[string]any{"set": fields("a")}), "update: insert changes no document"},
		"an empty update":        {map[string]any{"id": id}, update(nil), "update: it changes nothing"},
		"a field twice":          {map[string]any{"id": id}, update(map[string]any{"set": fields("a"), "inc": fields("a")}), "update.inc: a is in set, too"},
		"an operator":            {map[string]any{"id": id}, update(map[string]any{"set": fields("a.$.b")}), `update.set: "a.$.b" is no field of a document`},
		"another _id":            {map[string]any{"id": id}, update(map[string]any{"set": fields("_id")}), "update.set: _id of a document never changes"},
		"a body and an update":   {map[string]any{"id": id, "body": fields("a")}, update(map[string]any{"set": fields("a")}), "body: the block update says what is written"},
		"a body to delete":       {map[string]any{"mode": "delete", "id": id, "body": fields("a")}, nil, "body: delete writes nothing"},
		"an unknown type":        {map[string]any{"types": map[string]string{"at": "datetime"}}, nil, `types: "at" is to be "datetime", and there is no such type: it is one of date, objectid`},
		"no collection":          {map[string]any{"collection": said{text: "system.x"}}, nil, `collection: "system.x" is no name of a collection`},
		"many collections":       {map[string]any{"collection": said{field: "c"}}, create(nil), "create: only one collection can be made"},
		"half an expiry":         {nil, create(map[string]any{"ttl_field": "at"}), "create.expire_after: ttl_field and expire_after belong together"},
		"part of a second":       {nil, create(map[string]any{"ttl_field": "at", "expire_after": 1500 * time.Millisecond}), "create.expire_after: documents expire after whole seconds"},
		"an index of _id":        {map[string]any{"id": id}, create(map[string]any{"index": true}), "create.index: _id has a unique index already"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := kind.Check(sinkConfig(t, tt.values, tt.blocks...)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v\nhas no %q", err, tt.want)
			}
		})
	}
}

// What a sink promises depends on what it does, and on how writes are confirmed.
func TestPromisesOfSinks(t *testing.T) {
	t.Parallel()
	sink, _ := registry(t).Sink("mongo")
	connector, _ := registry(t).Connector("mongo")
	id := fields("device")
	for name, tt := range map[string]struct {
		uri        string
		values     map[string]any
		connector  map[string]any
		blocks     []plugins.ConfigBlock
		idempotent bool
		weakens    string
	}{
		"insert":           {values: nil, weakens: "what was on its way when the process ended is inserted again"},
		"upsert":           {values: map[string]any{"id": id}, idempotent: true},
		"delete":           {values: map[string]any{"id": id, "mode": "delete"}, idempotent: true},
		"set":              {values: map[string]any{"id": id}, blocks: []plugins.ConfigBlock{nested(t, "update", map[string]any{"set": id, "unset": []string{"x"}})}, idempotent: true},
		"inc":              {values: map[string]any{"id": id}, blocks: []plugins.ConfigBlock{nested(t, "update", map[string]any{"inc": id})}, weakens: "inc of update does again what it did"},
		"fields":           {values: map[string]any{"id": id, "id_as": "fields"}, weakens: "without a unique index"},
		"fields and index": {values: map[string]any{"id": id, "id_as": "fields"}, blocks: []plugins.ConfigBlock{nested(t, "create", map[string]any{"index": true})}, idempotent: true},
		"one member":       {values: map[string]any{"id": id}, connector: map[string]any{"write_concern": "1"}, idempotent: true, weakens: `with write_concern "1"`},
		"one, of the URI":  {uri: "mongodb://a/db?w=1", values: map[string]any{"id": id}, idempotent: true, weakens: `with write_concern "1"`},
		"no journal":       {uri: "mongodb://a/db?journal=false", values: map[string]any{"id": id}, idempotent: true, weakens: "without journal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			uri := tt.uri
			if uri == "" {
				uri = "mongodb://a/db"
			}
			all := map[string]any{"uri": plugins.NewSecret(uri)}
			for k, v := range tt.connector {
				all[k] = v
			}
			can := sink.Capabilities(sinkConfig(t, tt.values, tt.blocks...).WithConnector(connector, bustest.Block(connector.Schema, all)))
			if can.Idempotent != tt.idempotent || !strings.Contains(can.Weakens, tt.weakens) || (tt.weakens == "") != (can.Weakens == "") || !can.Ordered {
				t.Errorf("%+v", can)
			}
		})
	}
}
