package process

import (
	"crypto/sha256"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/onstream/onstream/plugins"
)

// program is the file of a plugin, as it is when a process is started.
type program struct {
	path   string
	file   *os.File
	info   fs.FileInfo
	script string // the interpreter that the first line names, "" for a binary
}

// openProgram opens a program that has the checksum want, "" for any. Errors are [plugins.ConfigError].
func openProgram(path, want string) (*program, error) {
	if want != "" {
		if sum, err := hex.DecodeString(want); err != nil || len(sum) != sha256.Size {
			return nil, plugins.ConfigErrorf("sha256", "%q is no SHA-256: it is written in 64 hexadecimal digits, as sha256sum tells it", want)
		}
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, plugins.ConfigErrorf("source", "there is no file %s: build the plugin, or correct the path", path)
	case err != nil:
		return nil, plugins.ConfigErrorf("source", "the program of the plugin cannot be looked at: %v", err)
	case info.IsDir():
		return nil, plugins.ConfigErrorf("source", "%s is a folder: name the program of the plugin in it", path)
	case !info.Mode().IsRegular():
		return nil, plugins.ConfigErrorf("source", "%s is no regular file: name the program of the plugin", path)
	case runtime.GOOS != "windows" && info.Mode()&0o111 == 0:
		return nil, plugins.ConfigErrorf("source", "%s may not be executed: allow it with chmod +x %s", path, path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, plugins.ConfigErrorf("source", "the program of the plugin cannot be read: %v", err)
	}
	p := &program{path: path, file: f}
	if err := p.look(want); err != nil {
		_ = f.Close() // only read
		return nil, err
	}
	return p, nil
}

// look checks what is in the file.
func (p *program) look(want string) error {
	var err error
	if p.info, err = p.file.Stat(); err != nil {
		return plugins.ConfigErrorf("source", "the program of the plugin cannot be looked at: %v", err)
	}
	head := make([]byte, 256)
	n, err := p.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return plugins.ConfigErrorf("source", "the program of the plugin cannot be read: %v", err)
	}
	first, _, _ := strings.Cut(string(head[:n]), "\n")
	if interpreter, ok := strings.CutPrefix(first, "#!"); ok {
		p.script = strings.TrimSpace(interpreter)
	}
	if want == "" {
		return nil
	}
	got, err := digest(p.file)
	if err != nil {
		return plugins.ConfigErrorf("source", "the program of the plugin cannot be read: %v", err)
	}
	if got != strings.ToLower(want) {
		return plugins.ConfigErrorf("sha256", "%s is not the program that the pipeline wants: its SHA-256 is %s, not %s; where it is meant to be another one, write sha256 = %q",
			p.path, got, strings.ToLower(want), got)
	}
	return nil
}

// Digest returns the SHA-256 of a file, in hexadecimal digits.
func Digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return digest(f)
}

func digest(f *os.File) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// executed returns the path by which the file is executed: the very file that was looked at, where the system allows that.
func (p *program) executed() string {
	if p.script != "" { // its interpreter opens it again, by its path
		return p.path
	}
	return openFile(p.file, p.path)
}

// unchanged reports whether the file is still as it was looked at. What runs cannot be written, so that it is asked once, after the start.
func (p *program) unchanged() bool {
	now, err := p.file.Stat()
	if err != nil || !sameContent(p.info, now) {
		return false
	}
	if p.script == "" && openFile(p.file, p.path) != p.path {
		return true // another file may have the path by now
	}
	at, err := os.Stat(p.path)
	return err == nil && os.SameFile(now, at)
}

func (p *program) close() { _ = p.file.Close() } // only read

// startError says why the program could not be executed.
func (p *program) startError(err error) error {
	if arch := p.foreign(); arch != "" {
		return plugins.ConfigErrorf("source", "%s is a program for %s, and this is %s/%s: build it for this machine", p.path, arch, runtime.GOOS, runtime.GOARCH)
	}
	switch {
	case p.script != "" && errors.Is(err, fs.ErrNotExist):
		return plugins.ConfigErrorf("source", "%s cannot be started: its first line names %s, which is not there; the plugin has no PATH, so an interpreter is named by its whole path", p.path, cutText(p.script, 100))
	case errors.Is(err, fs.ErrNotExist):
		return plugins.ConfigErrorf("source", "%s cannot be started: the loader of shared libraries that it was built for is not there; build it without them (CGO_ENABLED=0)", p.path)
	case isNoProgram(err):
		return plugins.ConfigErrorf("source", "%s is no program that this system can execute: a script names its interpreter in its first line, after #!", p.path)
	}
	return plugins.ConfigErrorf("source", "%s cannot be started: %v", p.path, err)
}

// foreign returns what the program is for when that is not this machine.
func (p *program) foreign() string {
	machine := func(name fmt.Stringer, ours bool) string {
		if ours {
			return ""
		}
		return name.String()
	}
	if f, err := elf.NewFile(p.file); err == nil {
		ours := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "arm": elf.EM_ARM, "386": elf.EM_386, "riscv64": elf.EM_RISCV}
		return machine(f.Machine, runtime.GOOS != "darwin" && runtime.GOOS != "windows" && f.Machine == ours[runtime.GOARCH])
	}
	if f, err := macho.NewFile(p.file); err == nil {
		return "macOS (" + f.Cpu.String() + ")"
	}
	if _, err := pe.NewFile(p.file); err == nil && runtime.GOOS != "windows" {
		return "Windows"
	}
	return ""
}
