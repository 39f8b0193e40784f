package codec

import "github.com/onstream/onstream/plugins"

// Register adds every built-in format to r.
func Register(r *plugins.Registry) error {
	for _, c := range []plugins.Codec{
		JSON(),
		CSV(),
		Raw(),
		CBOR(),
		MessagePack(),
		Avro(),
		Protobuf(),
	} {
		if err := r.AddCodec(c); err != nil {
			return err
		}
	}
	return nil
}
