package plugins

// Description is what a kind of transform says of a stage, so configured.
type Description struct {
	// State describes what is kept for each key: where the text is the same,
	// what was stored by one configuration is of use to another. Of a kind that is
	// not Stateful it is ""; of one that is, "" says that this stage keeps nothing
	// after all, and any of its instances may be given any record.
	State string
	// Volatile says that what comes out depends on more than the records of a key:
	// on the clock, on what was looked up, on which of its inputs or of the other
	// keys came first.
	Volatile bool
	// Contents are digests of what is in the files that attributes name, by
	// attribute: the stage goes on with these, see [Config.WithContents].
	Contents map[string]string
	// Remarks are what is particular about the stage, in a few words each: for plan.
	Remarks []string
}

// Description returns what the kind says of a stage whose configuration has no error.
func (k TransformKind) Description(c Config) Description {
	if k.Describe == nil {
		return Description{}
	}
	return k.Describe(c)
}

// ByKey reports whether all records of a key are to meet the same instance of a
// stage that is described so.
func (k TransformKind) ByKey(d Description) bool {
	return k.Keyed && (!k.Stateful || d.State != "")
}
