package codec

import (
	"slices"

	"github.com/onstream/onstream/plugins"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// protoOptions is what the block of the format says.
type protoOptions struct {
	registryOptions
	wire    string
	message *protoMessage // nil where only the registry knows it
	place   []int         // of the message, in its file
	text    string        // of the file, "" where it cannot be registered
}

func protoOptionsOf(c plugins.Config) (o protoOptions, err error) {
	if o.registryOptions, err = registryOptionsOf(c); err != nil {
		return o, err
	}
	if o.wire = c.String("wire"); o.wire == "" {
		o.wire = wireNone
		if o.base != nil || o.id != 0 {
			o.wire = wireConfluent
		}
	}
	var files *protoFiles
	switch {
	case c.Has("descriptor_file") && c.Has("proto_file"):
		return o, plugins.ConfigErrorf("proto_file", "proto_file and descriptor_file both say what the messages are: leave one of them out")
	case c.Has("descriptor_file"):
		files, err = readDescriptors(c.String("descriptor_file"))
	case c.Has("proto_file"):
		var text []byte
		var imports bool
		if files, text, imports, err = readProtoFile(c.String("proto_file"), c.Strings("import_paths")); !imports {
			o.text = string(text)
		}
	case c.Has("message"):
		return o, plugins.ConfigErrorf("message", "a registry says for each record which message it is: leave message out, or give proto_file or descriptor_file too")
	case o.base == nil:
		return o, plugins.ConfigErrorf("", `Protocol Buffers do not say what is in a message: write protobuf { proto_file = "readings.proto" }, or name the registry that has the schemas`)
	}
	switch {
	case err != nil:
		return o, err
	case o.wire != wireConfluent && o.base != nil:
		return o, plugins.ConfigErrorf("wire", "records in the wire format %q do not name their schema, so that a registry is of no use: leave out wire or registry", o.wire)
	case files == nil:
		return o, nil
	}
	d, err := files.named(c.String("message"))
	if err != nil {
		return o, err
	}
	for x := protoreflect.Descriptor(d); ; x = x.Parent() {
		if _, ok := x.(protoreflect.FileDescriptor); ok {
			break
		}
		o.place = append(o.place, x.Index())
	}
	slices.Reverse(o.place)
	o.message = files.message(d)
	return o, nil
}

// protoAlone is [plugins.Framing.Alone] of messages without their length.
const protoAlone = `a message of Protocol Buffers does not tell where it ends: write wire = "delimited", and proto_file or descriptor_file`

// protoFormat is the format, with the registries that its stages share.
type protoFormat struct{ registries registries[*protoFiles] }

func (f *protoFormat) framing(c plugins.Config) (plugins.Framing, error) {
	o, err := protoOptionsOf(c)
	if err != nil || o.wire != wireDelimited {
		return plugins.Framing{Splitter: func() plugins.Splitter { return oneRecord{} }, Alone: protoAlone}, err
	}
	return plugins.Framing{Splitter: func() plugins.Splitter { return protoStream{} }}, nil
}

// typeOf is the type of records where no schema is declared.
func (f *protoFormat) typeOf(c plugins.Config) plugins.Type {
	o, err := protoOptionsOf(c)
	if err != nil || o.message == nil {
		return plugins.Type{}
	}
	return typeOfProto(o.message, false)
}

func (f *protoFormat) decoder(c plugins.DecoderConfig) (plugins.Decoder, error) {
	o, err := protoOptionsOf(c.Options)
	if err != nil {
		return nil, err
	}
	d := &protoDecoder{fields: newFields(c.Fields), wire: o.wire}
	if o.message != nil {
		// Fields have numbers, so that any version of the schema will do.
		d.step = planProto(o.message, d.root)
		return d, nil
	}
	d.ids = lookups[*protoFiles]{from: f.registries.of(o.registryOptions), o: o.registryOptions}
	return d, nil
}

func (f *protoFormat) encoder(c plugins.EncoderConfig) (plugins.Encoder, error) {
	o, err := protoOptionsOf(c.Options)
	switch {
	case err != nil:
		return nil, err
	case o.message == nil:
		return nil, plugins.ConfigErrorf("", `to write Protocol Buffers, say what the messages are to be: protobuf { proto_file = "readings.proto" }`)
	}
	e := newProtoEncoder(o.message, o.wire == wireDelimited)
	if o.wire == wireConfluent {
		if o.registryOptions, err = o.writing(c.Topic); err != nil {
			return nil, err
		}
		if o.id == 0 && o.text == "" {
			return nil, plugins.ConfigErrorf("registry", "the registry is asked for the text of one file, and this schema has others: register it, and set schema_id to the id that it got")
		}
		e.id = recordID[*protoFiles]{
			o: o.registryOptions, behind: appendPlace(nil, o.place),
			schema: registrySchema{Schema: o.text, SchemaType: "PROTOBUF"},
		}
		if o.base != nil {
			e.id.from = f.registries.of(o.registryOptions)
		}
	}
	to := typeOfProto(o.message, true)
	if err := checkFit(c.Shape, to, "the message "+o.message.name); err != nil {
		return nil, err
	}
	e.columns, e.needs = schemaColumns(c.Shape, to)
	return e, nil
}
