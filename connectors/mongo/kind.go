package mongo

import (
	"time"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/plugins"
)

func kind() plugins.ConnectorKind {
	return plugins.ConnectorKind{
		Name:    "mongo",
		Service: Service,
		Schema:  schema(),
		Check:   check,
		New: func(c plugins.Config, env plugins.Env) (plugins.Connection, error) {
			return newConnection(c, env)
		},
	}
}

func schema() plugins.Schema {
	return plugins.Schema{
		Doc: "A database of MongoDB 4.4 or newer, or of what speaks its protocol. What is written is confirmed when a majority of the members have it in their journals, and what is read is what a majority has, unless it is said otherwise.",
		Example: `connector "mongo" "store" {
  uri      = "mongodb://mongo1.example.com,mongo2.example.com/plant?replicaSet=rs0"
  username = "onstream"
  password = secret("env:MONGO_PASSWORD")
}`,
		Attrs: []plugins.Attr{
			{Name: "uri", Type: plugins.AttrSecret, Required: true, Doc: "Where the servers are: mongodb://HOST:PORT,HOST:PORT/DATABASE?OPTIONS, or mongodb+srv://NAME/DATABASE. It may hold a user and a password, in which @, :, / and % are percent-encoded, and is shown nowhere but for its hosts."},
			{Name: "database", Type: plugins.AttrString, Doc: "The database; that of the URI where there is none."},
			{Name: "username", Type: plugins.AttrString, Doc: "Who connects, where the URI does not say."},
			{Name: "password", Type: plugins.AttrSecret, Doc: "The user's password."},
			{Name: "write_concern", Type: plugins.AttrString, Doc: "How many members must have what is written before it is confirmed: majority (that is the default), a number, or the name of a rule of the replica set. 0 is not taken: nothing would be confirmed."},
			{Name: "journal", Type: plugins.AttrBool, Doc: "Whether they must have it in their journals, on disk; they must unless this is false."},
			{Name: "read_concern", Type: plugins.AttrString, Enum: []string{"local", "available", "majority", "linearizable", "snapshot"}, Doc: "What is read; majority where nothing is said: what is not rolled back when a member dies."},
			{Name: "pool_size", Type: plugins.AttrInt, Default: int64(16), Min: plugins.Bound(1), Max: plugins.Bound(1000), Doc: "Connections to a server at most."},
			{Name: "timeout", Type: plugins.AttrDuration, Default: 30 * time.Second, Min: plugins.Bound(0.1), Max: plugins.Bound(3600), Doc: "How long one operation may take. What was written until then is written again."},
			{Name: "server_selection_timeout", Type: plugins.AttrDuration, Default: 10 * time.Second, Min: plugins.Bound(0.1), Max: plugins.Bound(600), Doc: "How long to look for a server that can do an operation, such as a primary while one is elected."},
			{Name: "startup", Type: plugins.AttrString, Default: "wait", Enum: []string{"wait", "fail"}, Doc: "What to do while the server cannot be reached at the start: wait for it, or fail. Wrong credentials and what else trying again cannot mend fail in any case."},
			{Name: "connect_timeout", Type: plugins.AttrDuration, Default: 10 * time.Second, Min: plugins.Bound(0.001), Doc: "How long one attempt to connect may take."},
		},
		Blocks: connectors.Blocks(connectors.TLSBlock()),
	}
}
