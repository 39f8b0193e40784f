package dsl

import "github.com/onstream/onstream/dsl/expr"

// Options are the values that come from outside the pipeline's files.
type Options struct {
	Vars map[string]string // of --var, by name
	Env  string            // of --env: "prod" reads prod.vars.hcl
	// LookupEnv finds environment variables: ONSTREAM_VAR_x, env() and
	// secret("env:X"). Nil means that there are none.
	LookupEnv func(name string) (string, bool)
	Settings  map[string]string // of --set, by name
	// Live are the settings of the pipeline that this one replaces. Stages that
	// go on undisturbed read them, so settings of the same name and type stay
	// the same objects; see [Pipeline.SetLive].
	Live     map[string]*expr.Setting
	NodeName string // the value of node.name
	// Dir is taken for the pipeline's folder in path.pipeline, so that a copy of
	// the pipeline in another folder is seen to be one. What file() and secret()
	// read in Dir they read where the pipeline is; files that stages name are
	// looked at there, too. "" stands for where it is.
	Dir string
	// Stored says that there will be a place for state: guarantees are judged
	// with that.
	Stored bool
	// CheckOnly builds without reading anything: variables without a value,
	// env(), file() and secret() have values that are not known, only typed.
	CheckOnly bool
	// Plugins says what became of those that [Module.Plugins] has returned, by name. The registry has the kinds of those that were started.
	Plugins map[string]Started
	// StubSecrets gives every secret the same harmless value, as in tests.
	StubSecrets bool
}

// lookupEnv finds an environment variable.
func (o Options) lookupEnv(name string) (string, bool) {
	if o.LookupEnv == nil {
		return "", false
	}
	return o.LookupEnv(name)
}
