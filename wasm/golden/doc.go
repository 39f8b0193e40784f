// Package golden runs the tests of behaviours: golden rows, which are JSON files that say what a module is given and
// what it is to make of it. A module is run as in a pipeline, as a stage of the kind "wasm", with its limits, its state and a
// clock that goes on only when the file says so.
//
// A file is read with [Read] and run with [Run]:
//
//	{
//	  "config": {"limit": 3.0}, "limits": {"time": "100ms"}, "key": true,
//	  "steps": [
//	    {"doc": "what this shows",
//	     "records": [{"key": "d1", "value": "20.5", "time": "2026-01-01T00:00:00Z", "headers": {"a": "b"}}],
//	     "want": [{"key": "d1", "value": "20.5"}],
//	     "failed": [{"row": 0, "code": "rejected", "msg": "part of the message"}]},
//	    {"advance": "10s", "want": [{"port": "silent", "value": {"json": {"device": "d1"}}}]},
//	    {"restart": true}
//	  ]
//	}
//
// A step for a module that takes columns is
//
//	{"columns": {"temperature": [1.5, null]}, "keys": ["d1", "d2"], "want": [{"row": 0, "columns": {"score": 0.5}}]}
//
// Of the file:
//
//   - config: values of the module's parameters.
//   - limits: memory, time, start, calls, output, state and logs, as in the stage's block of that name; sizes in bytes.
//   - grant: what the module is granted, as in the stage: tests that ask hosts ask those that are there.
//   - abi, function, args and ports: as in the stage of a module that was written for another host.
//   - key: true for a stage whose key is that of the record.
//   - time: true for a stage whose time, and with it event time, is that of the record; lateness goes with it.
//   - begin: what the clock of the pipeline shows first; 2026-01-01T00:00:00Z unless given.
//   - steps: what is done, one after the other.
//
// A step does one thing:
//
//   - records: a batch of records, each with value, key, time, offset (its number from the source) and headers, all of which may
//     be left out. Headers are an object, or a list of pairs where a name comes twice. With repeat, a record comes that often.
//   - columns: a batch for a module that takes columns, by the names of its inputs. A time is a text as in
//     RFC 3339, a duration one such as "1.5s"; either may be a number of µs. What is left out is null. Beside it are keys and times, lists with one of each row: of the
//     records that the rows are, as the stage's key and time.
//   - advance: the clock goes on by so much.
//   - end: the input has ended, and so has event time.
//   - config: the parameters become these while the stage runs, as by a reload of its pipeline. The instance of a module that keeps
//     something goes on where those that change are hot and it exports onstream_configure; otherwise another takes its place.
//   - restart: what the stage keeps is stored, and another instance goes on with it; with config, it has these parameters.
//
// Then it says what comes of it, which includes the timers that have become due:
//
//   - want: the records that come out, those of each port in their order. What a record leaves out is not compared: port
//     ("" is the output without a name), row (of the step, for modules that return columns or a selection), value, key, time,
//     headers, columns. A key or time of null is none; repeat is for so many that are equal. Without want there are none.
//   - failed: the records that fail, by row: row, code, and a part of the msg. Without it there are none.
//   - logs: parts of lines that the module logs, in their order; others may be between them.
//   - metrics: what the module's metrics are after the step: a number, of a histogram how many values it has counted.
//
// A text, such as a value, that is not UTF-8 is written {"base64": "..."}, a long one {"text": "x", "repeat": 1000}, and one
// that is JSON may be written {"json": ...}: then blanks and the order of names do not count when it is compared. A list of texts
// is what they are one behind the other.
package golden
