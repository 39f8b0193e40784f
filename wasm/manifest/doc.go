// Package manifest reads what a behaviour says of itself: JSON in the custom section onstream.manifest of its
// module, which is read without running anything.
package manifest
