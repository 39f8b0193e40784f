// Package sdk holds the SDKs for behaviours, for those who build behaviours: a project without a copy of its own is built
// with these. ABI.md is the interface that all of them are about.
package sdk

import (
	"embed"
	"io/fs"
)

// Tests of the SDKs are in this package, for those beside the files would be a part of every project.
//
//go:embed go/*.go go/*.s go/snapshots/*.go go/timers/*.go go/watermarks/*.go
//go:embed rust/Cargo.toml rust/src/*.rs
//go:embed assemblyscript/assembly/*.ts
//go:embed c/onstream.h c/onstream
var files embed.FS

// Files returns the files of the SDK of a language (go, rust, assemblyscript, c), as they are to be in the folder sdk of a project.
func Files(language string) fs.FS {
	sub, err := fs.Sub(files, language)
	if err != nil {
		panic(err) // a name with slashes at its ends
	}
	return sub
}
