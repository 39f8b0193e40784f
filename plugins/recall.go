package plugins

import "slices"

// Reads returns the fields of the records of an input that a stage of the kind
// reads: those of [Config.Reads], and what its expressions read of the kind's
// Recalls. Port is 0 for a kind without ports.
func (k TransformKind) Reads(c Config, port int) []Field {
	fields := c.Reads(k.Ports, port)
	if len(k.Recalls) == 0 {
		return fields
	}
	for _, x := range c.AllExprs() {
		for _, f := range x.Reads() {
			if root, field, local := LocalField(f.Name); local && slices.Contains(k.Recalls, root) {
				fields = append(fields, Field{JoinPath(field), f.Type})
			}
		}
	}
	return fields
}
