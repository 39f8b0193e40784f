// Package expr compiles the expressions of the language: those that are
// evaluated for each record become kernels that work on whole columns, the
// others are computed once, when a pipeline is built.
//
//	x, diags := expr.Compile(e, &expr.Scope{Event: &shape})
//	ev := x.Evaluator(env)
//	col := ev.Eval(batch) // failed rows are out of batch.Sel
//
// [Compile] checks names against the [Scope], folds what is static, infers
// types and what may be null, and reports the fields that are read. [Static]
// evaluates an expression value by value with the same semantics; it is the
// oracle that the kernels are tested against. [Functions] are declared once and
// serve both. An [Expr] is immutable; each [plugins.Evaluator] has memory of its
// own and belongs to one goroutine.
//
// # Types
//
// bool, int (64 bits), float (64 bits, finite), string (UTF-8), bytes, time and
// duration (in nanoseconds), list, map, record, and any, which is checked at run
// time. Nothing is converted silently, but for one thing: int becomes float
// where the two meet, since JSON does not tell 75 from 75.0.
//
//   - + - * of ints give an int, and a result beyond 64 bits is a failure. / of
//     two ints gives a float; intdiv(x, y) gives an int. % takes the sign of the
//     left side, mod(x, y) that of the right.
//   - Floats are finite: a result that is not is a failure, and so is division
//     by zero.
//   - Comparing int with float is exact; computing with both takes the nearest
//     float of the int. A number literal is an int when it is whole and fits,
//     otherwise a float.
//   - time - time is a duration; time + duration and time - duration are times;
//     durations are added, subtracted and compared, multiplied and divided by
//     numbers (to the nearest nanosecond; by an int without fraction), and
//     duration / duration is a float.
//   - Strings are compared byte by byte and joined by templates, "${a}-${b}",
//     which take strings, numbers, bools, times (RFC 3339) and durations
//     ("1m30s"). "${x}" alone is x, whatever its type.
//   - == and != take two values of one type, also lists (element by element),
//     records and maps (member by member, in any order), and null; bool, list,
//     record and map have no other order. Comparing different types is an
//     error: of the file where the types are known, else of the record.
//   - ? : and default, coalesce and try bring int and float to float.
//
// # Null
//
// A field that is optional, or missing in a record without a schema, is null. A
// reference into null, or to something that is not there, is null, too:
// event.gps.lat needs no test of event.gps. An index out of a list is a failure.
//
// Null may be tested with == null and != null; in anything else it is an error of
// the file where a value may be null by its type, and of the record where the
// type is any. So test it (what the left side of && and ||, a condition, or a
// filter before has tested is known), or give a value instead: default(x, y).
// x == y for two values takes null for equal to null only.
//
//	default(x, y)  x, or y where x is null     has(event.x)  not null
//	try(x, y)      x, or y where x fails       can(x)        does not fail
//
// && and || go from left to right and compute the right side only where it
// counts; so do ? : and the guards.
//
// # Failures
//
// A record for which an expression has no value fails with the place of the
// expression and one of the codes type, null, overflow, divide_by_zero,
// not_finite, index, function, too_large. A value may have 16 MiB.
//
// # Nested values
//
// Lists, maps and records are JSON text. { a = x } and [x, y] write it, .name and
// [index] read it, with the types that are known; a time or bytes in a record of
// which the type is not known comes back as a string. for, splat, %{for} and
// calls with a list of arguments (f(list...)) are interpreted for each record:
// correct, but at microseconds for each record instead of nanoseconds.
// [Expr.Fallbacks] tells. One such evaluation, like one when the pipeline is
// built, may take a million steps (rounds of for, elements of lists, 64 bytes of
// text); beyond that it fails.
//
// # Other names
//
// meta has partition, offset, time, received, key and header["name"];
// setting.name is what a setting holds when a batch begins; key is the text of
// the key that a record carries. A place may have names of its own,
// [Scope.Locals], which are read as columns that the stage makes. var, local, path, node and each, and the
// functions that a file's environment gives, are computed when the pipeline is
// built.
//
// # Aggregates
//
// [CompileAggregation] compiles expressions over groups of records: the
// arguments of agg:: functions for each record, everything around them for each
// group, with the results of the calls as columns.
package expr
