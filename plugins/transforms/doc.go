// Package transforms holds the built-in transforms. Those that look at each
// record by itself are filter, map, route, unnest, decode, enrich and throttle;
// those that keep state for each key, which survives a restart, are window,
// join, dedupe, reduce, absence and detect. Each is a [plugins.TransformKind]
// with nothing that a transform from elsewhere could not have.
//
// [Register] puts them into a registry:
//
//	var r plugins.Registry
//	if err := transforms.Register(&r); err != nil {
//		return err
//	}
//	kind, ok := r.Transform("filter")
package transforms
