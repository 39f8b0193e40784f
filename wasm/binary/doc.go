// Package binary takes core WebAssembly modules apart, in the binary format of
// the specification (https://webassembly.github.io/spec/core/binary/): version 1
// with the features of 2.0, which are sign extension, saturating conversions, multiple values, bulk
// memory, reference types and vectors.
//
// It is what stands between bytes from anywhere and the compiler. [Decode] looks at sizes and
// counts before anything is made of them: a module of 30 bytes that says that it
// has 2^32-1 imports is refused, and so is what this package does not know. It
// does not check types; the compiler does.
package binary
