package project

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"github.com/onstream/onstream/wasm/sdk"
)

// sdkModule is the path of the SDK for Go.
const sdkModule = "github.com/onstream/onstream/wasm/sdk/go"

// leastGo is the version of Go that has what the SDK is made of: exported functions and libraries for WASI.
const leastGo = "1.24"

type goToolchain struct {
	path, tells string
	env         []string
}

func findGo(ctx context.Context, p *Project) (toolchain, error) {
	path, err := exec.LookPath("go")
	if err != nil {
		return nil, &MissingError{Go, "go is not there", "install Go " + leastGo + " or a later one (https://go.dev/dl)"}
	}
	// Neither the settings of the user nor a workspace around the project matter; nor is another Go fetched.
	env := append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=-trimpath", "GOWORK=off", "GOTOOLCHAIN=local")
	tells, err := ask(ctx, p.Dir, env, path, "env", "GOVERSION")
	if err != nil {
		return nil, fmt.Errorf("ask %s for its version: %w", path, err)
	}
	return &goToolchain{path, tells, env}, nil
}

func (t *goToolchain) version() string { return t.tells }

func (t *goToolchain) build(ctx context.Context, p *Project, work, out string) error {
	dir, env := p.Dir, t.env
	if !p.has("go.mod") {
		// It is made a module of its own, whatever the folder is in.
		dir = filepath.Join(work, "module")
		if err := errors.Join(p.writeTo(dir), writeGoModule(dir, "behaviour"), writeSDK(filepath.Join(dir, "sdk"), Go)); err != nil {
			return fmt.Errorf("copy the sources: %w", err)
		}
	}
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-buildmode=c-shared", "-o", out}
	if at := sdkReplaced.FindSubmatch(p.file("go.mod")); at != nil {
		overlay, err := p.overlayGoSDK(filepath.FromSlash(string(at[1])), work)
		if err != nil {
			return fmt.Errorf("write the SDK: %w", err)
		}
		args = append(args, overlay...)
	}
	return p.compile(ctx, dir, work, withPlaces(env, work), t.path, append(args, ".")...)
}

// sdkReplaced finds where a go.mod says that the SDK is.
var sdkReplaced = regexp.MustCompile(`(?m)^\s*(?:replace\s+)?` + regexp.QuoteMeta(sdkModule) + `(?:\s+v\S+)?\s*=>\s*(\.\S*)`)

// overlayGoSDK returns the arguments by which Go sees the SDK at a path from the folder on, none where something is there.
func (p *Project) overlayGoSDK(path, work string) ([]string, error) {
	at, err := filepath.Abs(filepath.Join(p.Dir, path))
	if err != nil || isThere(filepath.Join(at, "go.mod")) {
		return nil, err
	}
	sdk := filepath.Join(work, "sdk")
	if err := writeSDK(sdk, Go); err != nil {
		return nil, err
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	err = eachFile(os.DirFS(sdk), func(name string, _ []byte) error {
		name = filepath.FromSlash(name)
		overlay.Replace[filepath.Join(at, name)] = filepath.Join(sdk, name)
		return nil
	})
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(work, "overlay.json")
	return []string{"-overlay=" + file}, os.WriteFile(file, text, 0o644)
}

func isThere(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// withPlaces says where Go is to keep what it keeps, where the user has no places for it.
func withPlaces(env []string, work string) []string {
	if _, err := os.UserCacheDir(); err != nil && os.Getenv("GOCACHE") == "" {
		env = append(env, "GOCACHE="+filepath.Join(work, "cache"))
	}
	if _, err := os.UserHomeDir(); err != nil && os.Getenv("GOPATH") == "" {
		env = append(env, "GOPATH="+filepath.Join(work, "go"))
	}
	return env
}

// writeGoModule writes a go.mod that finds the SDK in the folder sdk.
func writeGoModule(dir, name string) error {
	text := fmt.Sprintf("module %s\n\ngo %s\n\nrequire %s v0.0.0\n\nreplace %[3]s => ./sdk\n", name, leastGo, sdkModule)
	return os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o644)
}

// writeSDK writes the SDK of a language into a folder.
func writeSDK(dir string, l Language) error {
	if l == Go {
		module := fmt.Sprintf("module %s\n\ngo %s\n", sdkModule, leastGo)
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "go.mod"), []byte(module), 0o644)); err != nil {
			return err
		}
	}
	return copyFS(dir, sdk.Files(string(l)))
}
