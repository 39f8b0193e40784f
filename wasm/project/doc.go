// Package project knows the folders in which behaviours are written: it makes one ([New]), and makes a module of one
// ([Build], [Cached]).
//
// A project has a manifest, onstream.json, and sources, by which its language is known. In the folder tests are golden
// rows (package golden). A copy of the language's SDK is in the folder sdk; where there is none, it is built with
// the SDK of this onstream. So a compiler is all that has to be there, and no network.
package project
