package project

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"

	"github.com/onstream/onstream/plugins/remote/pb"
)

// pythonMessages returns the module with the protocol's messages. It is what protoc would write but for the names of its own release: a
// description of the file, which Python's runtime makes classes of. So it is always that of this onstream, and needs no protoc.
func pythonMessages() (string, error) {
	d, err := proto.MarshalOptions{Deterministic: true}.Marshal(protodesc.ToFileDescriptorProto(pb.File_plugin_proto))
	if err != nil {
		return "", err
	}
	var text strings.Builder
	text.WriteString(`"""The messages of the protocol, made of plugin.proto by onstream: not to be edited."""

from google.protobuf import descriptor_pool
from google.protobuf.internal import builder

DESCRIPTOR = descriptor_pool.Default().AddSerializedFile(
`)
	for len(d) > 0 {
		n := min(len(d), 40)
		text.WriteString(`    b"`)
		for _, c := range d[:n] {
			if c < ' ' || c > '~' || c == '"' || c == '\\' {
				fmt.Fprintf(&text, `\x%02x`, c)
			} else {
				text.WriteByte(c)
			}
		}
		text.WriteString("\"\n")
		d = d[n:]
	}
	text.WriteString(`)

builder.BuildMessageAndEnumDescriptors(DESCRIPTOR, globals())
builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, "onstream_plugin_pb2", globals())
`)
	return text.String(), nil
}
