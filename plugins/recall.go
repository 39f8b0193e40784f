package plugins

// Reads returns the fields of the records of an input that a stage of the kind
// reads: those of [Config.Reads], and what its expressions read of the kind's
// Recalls. Port is 0 for a kind without ports.
func (k TransformKind) Reads(c Config, port int) []Field {
	fields := c.Reads(k.Ports, port)
	for _, f := range LocalReads(c.AllExprs(), k.Recalls...) {
		fields = append(fields, Field{JoinPath(f.Name), f.Type})
	}
	return fields
}
