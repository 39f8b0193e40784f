// Package remote runs plugins in processes of their own, and is what such a plugin is written with.
//
// # Authors
//
// A plugin is a program that fills a [plugins.Registry] with its kinds, as the built-in ones are written, and calls [Serve].
//
// # Hosts
//
// [Launch] starts the program of a [Config], and [Plugin.Register] adds its kinds to a registry: from there on they are kinds as any other. What the two
// processes say to each other is package pb: a plugin can be written in any language that has gRPC.
package remote
