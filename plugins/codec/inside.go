package codec

import "github.com/onstream/onstream/plugins/jsontext"

// inside reads what n wants out of the JSON object at (*data)[p:end], for
// formats in which names may be data.
func (f *fields) inside(n *node, data *[]byte, p, end int, row uint32) error {
	for _, c := range n.children {
		text, err := jsontext.Lookup((*data)[p:end:end], c.name)
		if err != nil {
			return err
		}
		if text == nil || c.leaf != nil && c.leaf.seen == f.stamp {
			continue
		}
		start := len(*data)
		*data = append(*data, text...)
		stop := len(*data)
		if c.leaf == nil {
			if text[0] == '{' {
				if err := f.inside(c, data, start, stop, row); err != nil {
					return err
				}
			}
			continue
		}
		f.found(c.leaf)
		if _, err := c.leaf.read(data, start, stop, row); err != nil {
			return err
		}
	}
	return nil
}

// found marks a leaf as read.
func (f *fields) found(l *leaf) {
	if l.seen != f.stamp {
		l.seen = f.stamp
		f.left--
	}
}

// absent makes the leaves null that were not found.
func (f *fields) absent(row uint32) error {
	if f.left == 0 {
		return nil
	}
	for _, l := range f.leaves {
		if l.seen != f.stamp {
			if err := l.missing(row); err != nil {
				return err
			}
		}
	}
	return nil
}
