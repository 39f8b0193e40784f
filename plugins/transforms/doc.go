// Package transforms holds the built-in transforms: filter, map, route,
// unnest, decode and throttle. Each is a [plugins.TransformKind] with nothing
// that a transform from elsewhere could not have.
//
// [Register] puts them into a registry:
//
//	var r plugins.Registry
//	if err := transforms.Register(&r); err != nil {
//		return err
//	}
//	kind, ok := r.Transform("filter")
package transforms
