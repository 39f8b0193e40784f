package plugins

// Codec is a payload format: how a stream is cut into records, and how a
// record's fields become columns and back.
type Codec struct {
	Name   string
	Doc    string
	Schema Schema // of the block with the format's name that a stage may have
	// Type returns the type of a record where no schema is declared. Nil
	// means any.
	Type    func(options Config) Type
	Framing func(options Config) (Framing, error)
	Decoder func(DecoderConfig) (Decoder, error)
	Encoder func(EncoderConfig) (Encoder, error)
}

// Framing is how records stand in a stream of the format.
type Framing struct {
	Splitter func() Splitter
	// Preamble says that the first record of a stream is not a record but
	// what [Batch.Preamble] holds.
	Preamble   bool
	Terminator []byte // after each record; may be empty
	// Line appends a record that came in a message of its own as it may stand in a stream:
	// without the terminators in it that are mere layout, and as it is where no line can be made
	// of it. The engine calls it where a sink has several records in a stream, several goroutines
	// at once. Nil where there are none such.
	Line func(dst, record []byte) []byte
	// Alone says why only one record fits in a stream, and what to write so that
	// several do: "a message does not tell where it ends: write ...". "" where
	// several do.
	Alone string
}

// Splitter cuts a stream into records. It keeps no state between calls.
type Splitter interface {
	// Split appends to spans, for each whole record that begins in data at or
	// after from, its span without terminator, and returns the new spans and
	// the offset in data up to which it is done with. At the end of the
	// stream, the last record needs no terminator. An error means that
	// nothing after the offset can be cut.
	Split(data []byte, from int, atEnd bool, spans []Span) ([]Span, int, error)
}

// DecoderConfig says what a decoder is to extract.
type DecoderConfig struct {
	// Fields to extract, by path. The empty path is the whole record as JSON
	// text. A field's type is what its column is to be: Any means whatever
	// the payload says.
	Fields  []Field
	Schema  Type // the record's declared type; Any when there is none
	Options Config
}

// Decoder extracts fields from payloads. Each instance is used by one
// goroutine at a time.
type Decoder interface {
	// Decode adds to b one column for each field, filled for the selected
	// rows; the columns belong to the decoder and are valid until its next
	// Decode. Rows whose payload is not of the format, or lacks a field that
	// is not nullable, or has one of another type, are failed and dropped
	// from Sel.
	Decode(b *Batch)
}

// EncoderConfig says what the records of the batches look like.
type EncoderConfig struct {
	Shape   Shape
	Options Config
	// Topic is where all records go, as [SinkKind.FixedTopic] has it.
	Topic string
}

// Encoder writes records. Each instance is used by one goroutine at a time.
type Encoder interface {
	// Needs lists the fields that must be columns of the batch before Encode.
	Needs() []Field
	// Encode appends to dst.Data, for each selected row of b, the record and
	// the framing's terminator, and to dst.Values its span. A row that
	// cannot be encoded is failed on b, dropped from its Sel and not in dst.
	Encode(b, dst *Batch)
	// Preamble returns what a stream of these records begins with, without
	// terminator; nil for none.
	Preamble() []byte
}
