// Package dsl reads pipelines written in the language of onstream, which is
// HCL with semantics of its own, and builds their graphs.
//
// # Use
//
// [Parse] reads the files of a directory, in native or JSON syntax. The
// [Module] it returns is built with the kinds of a registry and the values
// from outside, any number of times:
//
//	module, diags := dsl.Parse("examples/quickstart")
//	if !diags.HasErrors() {
//		pipeline, more := module.Build(registry, dsl.Options{Env: "prod"})
//		...
//	}
//	dsl.WriteDiagnostics(os.Stderr, module.Files(), diags, 80, false)
//
// A [Pipeline] is plain data: the graph that the engine runs, and what tools
// show of it. Nothing has been opened or read but the pipeline's own files and
// what env, file and secret name; with [Options.CheckOnly] not even those.
//
// # Steps
//
// Building goes through steps and stops behind the first with errors, all of
// which it reports: the files are parsed, within limits that keep any input
// from crashing the process; declarations, values and references are resolved;
// stages are checked downstream, each for the records that its inputs bring;
// then come outputs, guarantees and tests.
//
// # Values
//
// The last of these that has a value for a variable counts: its default,
// *.auto.vars.hcl in the order of their names, NAME.vars.hcl of the
// environment NAME, ONSTREAM_VAR_x in the environment, and what is passed on
// the command line. Texts from outside are read by the declared type. A
// sensitive variable, like the result of secret, is accepted by attributes
// made for secrets only and never printed.
//
// # Records that meet
//
// Where several outputs feed a stage, its records have the fields of all. A
// field that not all have may be null there; one that is not of the same type
// everywhere is any.
//
// # Guarantees
//
// What the pipeline block requires is compared with every way that records
// take from a source to a sink, with or without a place for state as
// [Options.Stored] says. Ways that only failed records take are shown and do
// not count.
//
// # Names of a stage's own
//
// A kind may give names to some of its attributes, such as window or state. What
// they stand for follows from what is decoded before: what is looked up, the
// key, and the attributes in the order of the kind's schema.
//
// # Tests
//
// An expectation looks at the records at its address for which where is true,
// or all. There are to be exactly count of them; with rows they are to be
// these, in order, as far as the rows name fields; with neither there is to be
// at least one.
//
// # Diagnostics
//
// Every diagnostic has a short summary that does not change, a detail that
// ends with the remedy, and the tightest range. None carries a value that is
// secret: what HCL attaches to diagnostics is taken off before they leave.
package dsl
