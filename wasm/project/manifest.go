package project

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/onstream/onstream/wasm/abi"
	"github.com/onstream/onstream/wasm/binary"
	"github.com/onstream/onstream/wasm/manifest"
)

// readManifest reads the manifest of the project, and looks whether it is one.
func (p *Project) readManifest(files fs.FS) error {
	text, err := readBounded(files, ManifestFile, manifest.MaxSize)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no %s, its manifest: name the folder of a behaviour, or write {} into one", ManifestFile)
	case errors.Is(err, errTooLong):
		return fmt.Errorf("%s: it has more than %d KiB: shorten it", ManifestFile, manifest.MaxSize>>10)
	case err != nil:
		return err
	}
	says, err := manifest.Parse(text)
	if unknown := knownNames(text); unknown != nil { // which is why something else is missing
		err = unknown
	}
	if err != nil {
		return fmt.Errorf("%s: %w", ManifestFile, err)
	}
	p.manifest, p.name = text, says.Name
	return nil
}

// knownNames finds names that mean nothing. Hosts take them, since a later interface may have them; an author has
// mistyped something.
func knownNames(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var m manifest.Manifest
	err := d.Decode(&m)
	if err == nil {
		return nil
	}
	what, isName := strings.CutPrefix(err.Error(), "json: unknown field ")
	switch {
	case !isName: // what is wrong is told by who reads it
		return nil
	case what == `"time"`: // as the limits of a stage have it
		return errors.New(`unknown field "time": write time_ms, a number of milliseconds`)
	}
	return fmt.Errorf("unknown field %s: see the names in wasm/sdk/ABI.md", what)
}

// withManifest returns the module with the manifest, in place of one that it has.
func withManifest(module, text []byte) ([]byte, error) {
	const header = 8
	if len(module) < header {
		return nil, errors.New("the compiler has written no module")
	}
	out := slices.Clone(module[:header])
	for at := header; at < len(module); {
		size, n := binary.U32(module[at+1:])
		end := at + 1 + n + int(size)
		if n <= 0 || end > len(module) {
			return nil, errors.New("the compiler has written a module that is cut off")
		}
		if section := module[at+1+n : end]; module[at] != byte(binary.CustomSection) || !isNamed(section, abi.ManifestSection) {
			out = append(out, module[at:end]...)
		}
		at = end
	}
	about := append(binary.AppendName(nil, abi.ManifestSection), text...)
	out = binary.AppendU32(append(out, byte(binary.CustomSection)), uint32(len(about)))
	return append(out, about...), nil
}

func isNamed(section []byte, name string) bool {
	return bytes.HasPrefix(section, binary.AppendName(nil, name))
}
