// Package process starts the program of a plugin, makes the handshake of hashicorp/go-plugin with it, and keeps its process within bounds: what it is
// given, how much memory it may have, how much it may say, and that nothing of it is left at the end.
//
// A process is no sandbox: it may do whatever the user may who runs onstream.
package process
