// Package reference writes the parts of docs/LANGUAGE.md that the program
// itself knows: the kinds of stages, the formats and the functions.
package reference
