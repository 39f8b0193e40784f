package pb

import _ "embed"

//go:embed plugin.proto
var proto string

// Proto returns plugin.proto: projects of languages that read it are given a copy.
func Proto() string { return proto }
