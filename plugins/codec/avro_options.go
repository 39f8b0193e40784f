package codec

import "github.com/onstream/onstream/plugins"

// avroOptions is what the block of the format says.
type avroOptions struct {
	registryOptions
	wire   string
	text   string    // of the schema, "" where there is none
	schema *avroType // nil where there is none
	attr   string    // that says which schema
}

func avroOptionsOf(c plugins.Config) (o avroOptions, err error) {
	if o.registryOptions, err = registryOptionsOf(c); err != nil {
		return o, err
	}
	if o.wire = c.String("wire"); o.wire == "" {
		o.wire = wireNone
		if o.base != nil || o.id != 0 {
			o.wire = wireConfluent
		}
	}
	switch {
	case c.Has("schema") && c.Has("schema_file"):
		return o, plugins.ConfigErrorf("schema", "schema and schema_file both say what the records are: leave one of them out")
	case c.Has("schema"):
		o.attr, o.text = "schema", c.String("schema")
	case c.Has("schema_file"):
		o.attr = "schema_file"
		text, err := readSchemaFile(o.attr, c.String(o.attr))
		if err != nil {
			return o, err
		}
		o.text = string(text)
	case o.wire == wireNone:
		return o, plugins.ConfigErrorf("", `Avro does not say what is in a record: write avro { schema_file = "readings.avsc" }, or name the registry that has the schemas`)
	}
	switch {
	case o.wire == wireNone && o.base != nil:
		return o, plugins.ConfigErrorf("wire", `records in the wire format "none" do not name their schema, so that a registry is of no use: leave out wire or registry`)
	case o.wire == wireConfluent && o.base == nil && o.id == 0:
		return o, plugins.ConfigErrorf("wire", `records in the wire format "confluent" name their schema by an id: say which registry knows it, with registry = "URL"`)
	}
	if o.attr != "" {
		if o.schema, err = parseAvro(&registrySchema{Schema: o.text}); err != nil {
			return o, plugins.ConfigErrorf(o.attr, "this is no Avro schema of records: %v", err)
		}
	}
	return o, nil
}

// avroAlone is [plugins.Framing.Alone] of records that name their schema.
const avroAlone = `an Avro record that begins with the id of its schema does not tell where it ends: write wire = "none" and the schema or schema_file`

// avroFormat is the format, with the registries that its stages share.
type avroFormat struct{ registries registries[*avroType] }

func (f *avroFormat) framing(c plugins.Config) (plugins.Framing, error) {
	o, err := avroOptionsOf(c)
	if err != nil || o.wire != wireNone {
		return plugins.Framing{Splitter: func() plugins.Splitter { return oneRecord{} }, Alone: avroAlone}, err
	}
	return plugins.Framing{Splitter: func() plugins.Splitter { return avroStream{o.schema} }}, nil
}

// typeOf is the type of records where no schema is declared.
func (f *avroFormat) typeOf(c plugins.Config) plugins.Type {
	o, err := avroOptionsOf(c)
	if err != nil || o.schema == nil {
		return plugins.Type{}
	}
	return typeOfAvro(o.schema)
}

func (f *avroFormat) decoder(c plugins.DecoderConfig) (plugins.Decoder, error) {
	o, err := avroOptionsOf(c.Options)
	if err != nil {
		return nil, err
	}
	d := &avroDecoder{fields: newFields(c.Fields), wire: o.wire}
	if o.wire == wireNone {
		d.plan = &avroPlan{o.schema, planAvro(o.schema, d.root)}
		return d, nil
	}
	if o.base == nil {
		return nil, plugins.ConfigErrorf("schema_id", `schema_id is for writing; to read, name the registry that knows the ids of schemas: registry = "URL"`)
	}
	d.reader = o.schema
	d.ids = lookups[*avroType]{from: f.registries.of(o.registryOptions), o: o.registryOptions}
	return d, nil
}

func (f *avroFormat) encoder(c plugins.EncoderConfig) (plugins.Encoder, error) {
	o, err := avroOptionsOf(c.Options)
	switch {
	case err != nil:
		return nil, err
	case o.schema == nil:
		return nil, plugins.ConfigErrorf("", `to write Avro, say what the records are to be: avro { schema_file = "readings.avsc" }`)
	case o.schema.kind != avroRecord:
		return nil, plugins.ConfigErrorf(o.attr, "records of a union are not written: give the schema of one record")
	}
	e := newAvroEncoder(o.schema)
	if o.wire == wireConfluent {
		if o.registryOptions, err = o.writing(c.Topic); err != nil {
			return nil, err
		}
		e.id = recordID[*avroType]{o: o.registryOptions, schema: registrySchema{Schema: o.text}}
		if o.base != nil {
			e.id.from = f.registries.of(o.registryOptions)
		}
	}
	to := o.schema.writtenType()
	if err := checkFit(c.Shape, to, "the schema "+o.schema.name); err != nil {
		return nil, err
	}
	e.columns, e.needs = schemaColumns(c.Shape, to)
	return e, nil
}
