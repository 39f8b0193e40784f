package onstream

// scan looks for a member of an object, from where one begins on, behind a brace or a comma, as long as it understands what is there: no arrays, no objects, and
// no blanks but spaces. It returns where the value is, or 0 and where the first member begins that it has not understood or that is the last.
//
//go:noescape
func scan(object []byte, i int, name string) (from, to int)
