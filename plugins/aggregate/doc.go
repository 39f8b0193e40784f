// Package aggregate holds the aggregate functions of the language: count, sum,
// percentile and the like. Each is declared once, as a [Function]: the
// compiler, the reference and the stages that aggregate all read that.
//
// [Calls] is what a stage works with: the calls of a [plugins.Aggregation]. It
// keeps what they know about one group of records in a [State]:
//
//	calls, err := aggregate.NewCalls(aggregation.Calls, env)
//	calls.Eval(b)                          // the arguments, for a batch
//	s := calls.State()                     // for each group
//	calls.Add(s, i, at)                    // row i, which happened at
//	calls.Merge(s, other)                  // another group
//	calls.Result(k, s, column, row)        // of the k-th call
//
// Nulls are skipped: a group in which all values are null, or that has no
// records, has the result null, and the count 0.
package aggregate
