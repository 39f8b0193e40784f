package jsontext

// Lookup returns the value at a path of member names in the object that text
// is, nil when it is not there: when a member is missing, or what should have
// members is no object.
func Lookup(text []byte, path ...string) ([]byte, error) {
	text = Trim(text)
	for _, name := range path {
		it := Members(text)
		found := false
		for it.Next() {
			if string(it.Key()) == name {
				text, found = it.Value(), true
				break
			}
		}
		if !found {
			return nil, it.Err()
		}
	}
	return text, nil
}

// Index returns element n of the array that text is, nil when there is none.
// Negative n count from the end.
func Index(text []byte, n int) ([]byte, error) {
	if n < 0 {
		length, err := Len(text)
		if err != nil || n+length < 0 {
			return nil, err
		}
		n += length
	}
	it := Elements(text)
	for it.Next() {
		if n == 0 {
			return it.Value(), nil
		}
		n--
	}
	return nil, it.Err()
}

// Len returns how many elements or members the array or object has that text
// is, 0 when it is neither.
func Len(text []byte) (int, error) {
	it := iterate(text)
	n := 0
	for it.Next() {
		n++
	}
	return n, it.Err()
}
