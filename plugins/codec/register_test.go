package codec_test

import (
	"slices"
	"testing"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/codec"
)

func TestRegister(t *testing.T) {
	t.Parallel()
	var r plugins.Registry
	if err := codec.Register(&r); err != nil {
		t.Fatal(err)
	}
	if want := []string{"avro", "cbor", "csv", "json", "msgpack", "protobuf", "raw"}; !slices.Equal(r.Codecs(), want) {
		t.Errorf("codecs %v, want %v", r.Codecs(), want)
	}
	for _, name := range r.Codecs() {
		c, _ := r.Codec(name)
		if c.Doc == "" || c.Schema.Doc == "" || c.Schema.Example == "" {
			t.Errorf("%s is not documented", name)
		}
		for _, a := range c.Schema.Attrs {
			if a.Doc == "" {
				t.Errorf("%s: attribute %s is not documented", name, a.Name)
			}
		}
	}
	if err := codec.Register(&r); err == nil {
		t.Error("registering twice is no error")
	}
}
