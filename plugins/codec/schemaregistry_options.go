package codec

import (
	"net/url"
	"os"
	"time"

	"github.com/onstream/onstream/plugins"
)

// registryOptions say where schemas come from by id, and where ids come from.
type registryOptions struct {
	base     *url.URL // nil for no registry
	username string
	password plugins.Secret
	subject  string
	register bool
	id       uint32 // to write; 0 for the one that the registry tells
	wait     time.Duration
}

// maxSchemaID is the greatest id: ids have four bytes and a sign.
const maxSchemaID = 1<<31 - 1

// registryAttrs are the attributes of formats whose schemas a registry may have.
func registryAttrs() []plugins.Attr {
	return []plugins.Attr{
		{Name: "registry", Type: plugins.AttrString, Doc: "URL of a schema registry with the interface of Confluent's; https for TLS. Records then begin with the id of their schema."},
		{Name: "username", Type: plugins.AttrString, Doc: "Who asks the registry."},
		{Name: "password", Type: plugins.AttrSecret, Doc: "The password of the user."},
		{Name: "wait", Type: plugins.AttrDuration, Default: 30 * time.Second, Min: plugins.Bound(0), Doc: "How long records wait for a registry that is away, and hold the source up; then they fail with code schema_unavailable."},
		{Name: "subject", Type: plugins.AttrString, Doc: "Under which the registry has the schema to write with. Where all records go to one topic of a bus, it is TOPIC-value unless given."},
		{Name: "auto_register", Type: plugins.AttrBool, Default: false, Doc: "Give the schema to the registry if the subject does not have it."},
		{Name: "schema_id", Type: plugins.AttrInt, Min: plugins.Bound(1), Max: plugins.Bound(maxSchemaID), Doc: "The id to write in front of records, in place of the one that the registry tells."},
	}
}

func registryOptionsOf(c plugins.Config) (o registryOptions, err error) {
	o = registryOptions{
		username: c.String("username"), password: c.Secret("password"), subject: c.String("subject"),
		register: c.Bool("auto_register"), id: uint32(c.Int("schema_id")), wait: 30 * time.Second,
	}
	if c.Has("wait") {
		o.wait = c.Duration("wait")
	}
	if !c.Has("registry") {
		for _, name := range []string{"username", "password", "subject"} {
			if c.Has(name) {
				return o, plugins.ConfigErrorf(name, "%s is for a registry: name one, or leave this out", name)
			}
		}
		return o, nil
	}
	// The text is not shown: it may hold a password in the wrong place.
	o.base, err = url.Parse(c.String("registry"))
	switch {
	case err != nil || o.base.Host == "" || o.base.Scheme != "http" && o.base.Scheme != "https":
		return o, plugins.ConfigErrorf("registry", "this is no URL of a schema registry: write it like https://registry.plant.example:8081")
	case o.base.User != nil:
		return o, plugins.ConfigErrorf("registry", "a URL is shown in messages: put the user into username and password")
	case o.base.RawQuery != "" || o.base.Fragment != "":
		return o, plugins.ConfigErrorf("registry", "the URL of a schema registry has no ? or # in it")
	case !c.Has("username") && c.Has("password"):
		return o, plugins.ConfigErrorf("password", "a password belongs to a user: set username")
	}
	return o, nil
}

// writing returns the options for records that begin with an id, with the subject of their topic where
// none is given: what the TopicNameStrategy of other serializers says.
func (o registryOptions) writing(topic string) (registryOptions, error) {
	if o.subject == "" && topic != "" {
		o.subject = topic + "-value"
	}
	switch {
	case o.id != 0:
		return o, nil
	case o.base == nil:
		return o, plugins.ConfigErrorf("wire", `records in the wire format "confluent" begin with the id of their schema: name the registry that tells it, or set schema_id`)
	case o.subject == "":
		return o, plugins.ConfigErrorf("registry", "say under which subject the registry has the schema, as the records do not all go to one topic: subject = \"readings-value\"")
	}
	return o, nil
}

// readSchemaFile returns the text of a file; attr names it in messages.
func readSchemaFile(attr, path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		return nil, plugins.ConfigErrorf(attr, "%s is not a file", path)
	case info.Size() > maxSchemaText:
		return nil, plugins.ConfigErrorf(attr, "%s has %d bytes, more than the %d that a schema may have", path, info.Size(), maxSchemaText)
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, plugins.ConfigErrorf(attr, "the schema cannot be read: %v; a path that begins with ${path.pipeline}/ is relative to the pipeline's folder", err)
	}
	return text, nil
}
