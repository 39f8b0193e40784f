// Package reference is what the program itself knows about the language: it
// describes the kinds of stages and the formats, and writes the parts of
// docs/LANGUAGE.md that are about them and about the functions.
package reference
