// Package pb is the protocol between onstream and its plugins: plugin.proto, which says what every message means, and what is
// generated of it.
package pb

//go:generate go run ./generate plugin.proto
