// Package serial is the form in which batches are stored, in the log of a spool
// and in the outbox of a checkpoint:
//
//	stored := serial.Append(nil, b, b.Sel)
//	err := serial.Read(other, stored)
//
// It has neither a version nor a checksum: what stores it has both. [AppendText] and
// [Decoder] are what such forms are made of, and what reads them.
//
// A batch is flags, then what describes the records, then their bytes. Numbers
// are varints.
//
//	flags, rows, time received, name, number and epoch of the partition
//	preamble                              where it has one
//	length of each value                  where they have values
//	length of each key, then topic        where they have these
//	event times, offsets                  each as a difference to the one before
//	number of headers, the lengths of each's name and value;
//	of each row, its first header and how many it has
//	number of failures; of each, row, code, message, expression
//	bytes of values, keys, topics, names and values of headers
//
// Strings and the preamble have their length in front. So the bytes stand side
// by side, and a batch can be read where it is: its spans point there.
package serial
