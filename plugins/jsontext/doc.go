// Package jsontext works on JSON as text: it finds, reads and writes values
// without building a tree. Columns hold nested values as JSON text (see
// [plugins.Column]), so decoders, encoders and expressions all need it.
//
//	Space Skip Valid               where a value ends, whether a text is JSON
//	Lookup Index Members Elements  parts of an object or array
//	KindOf Parse Slot              values: boxed, or into a column
//	AppendInt ... AppendTime       from column to text
//	Compact                        without white space
//
// # What is accepted
//
// RFC 8259, and nothing beside it: NaN, Infinity, comments and trailing commas
// are malformed. Nesting deeper than [MaxDepth] fails. Of duplicate keys the
// first wins. An integer literal is an int64, exactly, or out of range; a
// literal with a fraction or exponent is a float and never taken for an
// integer, while an integer literal is taken for a float, as the nearest one.
// Text that is read must be valid UTF-8 and free of unpaired surrogates.
//
// A text is checked as far as it is read: what [Skip], [Lookup] and the
// iterators pass over is only followed far enough to find its end. [Valid]
// checks everything.
//
// # Errors
//
// Errors read as what is said about a value: "is not valid JSON at offset 7",
// "is out of range", "is a string, not float". Put the name in front.
//
// Functions that return a part of a text return a view of it.
package jsontext
