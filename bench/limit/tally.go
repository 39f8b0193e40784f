package limit

// Tally accounts for the records of a run. In is the sum of Out, Bad and the
// records that a filter dropped or a window took in.
type Tally struct {
	In  int64 // records read
	Out int64 // records written
	Bad int64 // lines that are not the JSON object they should be
}
