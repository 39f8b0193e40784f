// Package mongo reads and writes collections of MongoDB: a source of changes, snapshots and polls, a look-up, and a sink.
//
// A connector is one client of the driver, which is made when a stage first needs it. What it is told to do is checked before,
// without a network.
//
// # Types
//
// Records are JSON, and documents have more types. In the plain form they are what the rest of the pipeline takes
// them for; in the extended one (json = "extended") they are Extended JSON, and what is read and written again is the same.
//
//	document     plain, read            extended, read                what a sink makes of it
//	int32        1                      1                             a long: 1 is a long
//	int64        1                      1                             the same
//	double       1.0                    1.0                           the same; NaN and infinities are null in the plain form
//	string       "a"                    "a"                           the same
//	bool, null   true, null             true, null                    the same
//	array        [...]                  [...]                         the same
//	document     {...}                  {...}                         the same, names in their order
//	date         "2026-01-31T08:00:00Z" {"$date": "..."}              a date where the pipeline has a time, or types says so
//	ObjectId     "65a1..."              {"$oid": "65a1..."}           an ObjectId where types says so
//	decimal128   "1.10"                 {"$numberDecimal": "1.10"}    a decimal where types says so; digits stay as they are
//	binary       "AAE="                 {"$binary": {...}}            binary where the pipeline has bytes, or types says so
//	others       as extended            {"$timestamp": ...} ...       the same, with json = "extended"
//
// A date has milliseconds: what is finer is cut off. One in no year of four digits is told in milliseconds, as an
// extended value. A double of a record that has no fraction is a long, unless the pipeline knows the field as a
// float, or types as a double.
//
// # Writing
//
// Batches become statements in Write, and everything that waits is one command: insert, update or delete, with the statements
// as they were made. One command is on its way at a time, so that records keep their order; bulks that are not ordered have
// each id once for the same reason. The driver's own bulk writes would make a document of each record twice.
//
// What fails without an answer is written again. An insert keeps the _id that was made for it, and a key that is there already is
// then looked at: where the document is the one that was sent, it is written. When the process was killed
// meanwhile, nobody knows that _id any more: upserts by id have no such gap.
//
// # Nothing is an operator
//
// Values stand where the server takes values: in documents, behind $eq, or in a $set. Names of records that
// begin with $ at the top of a document are refused, as are dots where they would be paths.
//
// # Records that nobody can write
//
// Duplicate names, nesting beyond 100 levels, zero bytes in names and documents over 16 MB are found before they are sent:
// a server hangs up on some of these. Where it does all the same, three times and while it answers
// otherwise, or refuses a whole command for one record, the bulk is divided until that one is alone and fails.
package mongo
