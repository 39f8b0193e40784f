// Package foreign is what the stage of the kind "wasm" and the interfaces of other hosts have in common: [Guest].
//
// Each interface is a package of its own: extism, redpanda and command. They run on wasm/host as the behaviours of
// onstream_v1 do, with its limits, and return what they make of records as frames of these.
package foreign
