package codec

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"github.com/onstream/onstream/plugins"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// protoFiles are compiled files, and those of their messages that were asked
// for. They are safe for concurrent use.
type protoFiles struct {
	files []protoreflect.FileDescriptor

	mu       sync.Mutex
	compiler protoCompiler
}

// compileProto compiles the files of names. Find returns what a name stands for;
// the files that come with protobuf are known.
func compileProto(find protocompile.ResolverFunc, names ...string) (*protoFiles, error) {
	c := protocompile.Compiler{Resolver: protocompile.WithStandardImports(find), MaxParallelism: 1}
	linked, err := c.Compile(context.Background(), names...)
	if err != nil {
		return nil, err
	}
	return newProtoFiles(linked), nil
}

func newProtoFiles(linked linker.Files) *protoFiles {
	f := &protoFiles{compiler: protoCompiler{}}
	for _, x := range linked {
		f.files = append(f.files, x)
	}
	return f
}

// notFound says that a file is not there.
func notFound(string) (protocompile.SearchResult, error) {
	return protocompile.SearchResult{}, protoregistry.NotFound
}

// readProtoFile compiles a .proto file, and those that it imports from folders. It
// also returns its text, and whether it imports files that do not come with
// protobuf.
func readProtoFile(path string, folders []string) (f *protoFiles, text []byte, imports bool, err error) {
	if text, err = readSchemaFile("proto_file", path); err != nil {
		return nil, nil, false, err
	}
	if len(folders) == 0 {
		folders = []string{filepath.Dir(path)}
	}
	main := filepath.Base(path)
	for _, folder := range folders {
		if rel, err := filepath.Rel(folder, path); err == nil && filepath.IsLocal(rel) {
			main = filepath.ToSlash(rel)
			break
		}
	}
	var mu sync.Mutex
	f, err = compileProto(func(name string) (protocompile.SearchResult, error) {
		if name == main {
			return protocompile.SearchResult{Source: strings.NewReader(string(text))}, nil
		}
		if !filepath.IsLocal(name) {
			return notFound(name)
		}
		for _, folder := range folders {
			imported, err := readSchemaFile("import_paths", filepath.Join(folder, filepath.FromSlash(name)))
			if err == nil {
				mu.Lock()
				imports = true
				mu.Unlock()
				return protocompile.SearchResult{Source: strings.NewReader(string(imported))}, nil
			}
		}
		return notFound(name)
	}, main)
	if err != nil {
		return nil, nil, false, plugins.ConfigErrorf("proto_file", "%s cannot be compiled: %v", path, err)
	}
	return f, text, imports, nil
}

// readDescriptors reads a set of descriptors, as protoc writes it.
func readDescriptors(path string) (*protoFiles, error) {
	data, err := readSchemaFile("descriptor_file", path)
	if err != nil {
		return nil, err
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(data, &set); err != nil || len(set.File) == 0 {
		return nil, plugins.ConfigErrorf("descriptor_file", "%s is not what protoc --include_imports --descriptor_set_out=FILE writes", path)
	}
	var names []string
	for _, x := range set.File {
		names = append(names, x.GetName())
	}
	f, err := compileProto(func(name string) (protocompile.SearchResult, error) {
		i := slices.Index(names, name)
		if i < 0 {
			return notFound(name)
		}
		return protocompile.SearchResult{Proto: set.File[i]}, nil
	}, names...)
	if err != nil {
		return nil, plugins.ConfigErrorf("descriptor_file", "%s is not complete: %v; write it with protoc --include_imports", path, err)
	}
	return f, nil
}

// parseProto compiles a schema of a registry.
func parseProto(s *registrySchema) (*protoFiles, error) {
	if s.SchemaType != "PROTOBUF" {
		return nil, fmt.Errorf("it is of type %q, not PROTOBUF", s.SchemaType)
	}
	const main = "schema.proto"
	return compileProto(func(name string) (protocompile.SearchResult, error) {
		if name == main {
			return protocompile.SearchResult{Source: strings.NewReader(s.Schema)}, nil
		}
		for _, r := range s.References {
			if r.Name == name {
				return protocompile.SearchResult{Source: strings.NewReader(r.text)}, nil
			}
		}
		return notFound(name)
	}, main)
}

// named returns the message of a name; the only one, where there is no name.
func (f *protoFiles) named(name string) (protoreflect.MessageDescriptor, error) {
	var all []protoreflect.MessageDescriptor
	for _, x := range f.files {
		if m := messageNamed(x.Messages(), name); m != nil {
			return m, nil
		}
		for i := range x.Messages().Len() {
			all = append(all, x.Messages().Get(i))
		}
	}
	switch {
	case name == "" && len(all) == 1:
		return all[0], nil
	case len(all) == 0:
		return nil, plugins.ConfigErrorf("message", "the schema has no messages")
	}
	names := make([]string, 0, len(all))
	for _, m := range all {
		names = append(names, string(m.FullName()))
	}
	const most = 8
	if len(names) > most {
		names = append(names[:most], "...")
	}
	return nil, plugins.ConfigErrorf("message", "say which message a record is: message = %q; there are %s", names[0], strings.Join(names, ", "))
}

// messageNamed returns the message of a full name, or nil.
func messageNamed(all protoreflect.MessageDescriptors, name string) protoreflect.MessageDescriptor {
	for i := range all.Len() {
		m := all.Get(i)
		if string(m.FullName()) == name {
			return m
		}
		if found := messageNamed(m.Messages(), name); found != nil {
			return found
		}
	}
	return nil
}

var errNoSuchMessage = errors.New("names a message that its schema does not have")

// at returns the message at a place in the last file: the index of one, of one
// in that, and so on.
func (f *protoFiles) at(place []int) (*protoMessage, error) {
	all := f.files[len(f.files)-1].Messages()
	for k, i := range place {
		if i < 0 || i >= all.Len() {
			return nil, errNoSuchMessage
		}
		if k == len(place)-1 {
			return f.message(all.Get(i)), nil
		}
		all = all.Get(i).Messages()
	}
	return nil, errNoSuchMessage
}

// message returns a message as it is read and written.
func (f *protoFiles) message(d protoreflect.MessageDescriptor) *protoMessage {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.compiler.message(d)
}
