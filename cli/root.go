package cli

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// The groups of commands in the help.
const (
	groupRun   = "run"
	groupWrite = "write"
	groupLearn = "learn"
)

func newRoot(c *cli) *cobra.Command {
	root := &cobra.Command{
		Use:   c.config.Name,
		Short: "Turn a stream of readings into action",
		Long: `onstream runs stream-processing pipelines written in HCL.

A directory of .hcl files is one pipeline: sources bring records in, transforms
change them, sinks take them out. Everything is checked before anything runs.

Results go to standard output, talk to standard error. The exit code is 0 for
success, 1 when the pipeline or its test failed, and 2 for wrong usage or
invalid files.`,
		Example: `  onstream run examples/quickstart       simulated devices, results on the screen
  onstream validate my-pipeline          is it right, and if not, where
  onstream explain my-pipeline ADDR      what a stage gets and gives
  onstream kinds window                  what a kind of stage takes and gives
  onstream functions time::format        what a function does`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(c.stdin)
	root.SetOut(c.stdout)
	root.SetErr(c.stderr)
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddGroup(
		&cobra.Group{ID: groupRun, Title: "Run:"},
		&cobra.Group{ID: groupWrite, Title: "Write and check:"},
		&cobra.Group{ID: groupLearn, Title: "Learn:"},
	)
	root.SetHelpCommandGroupID(groupLearn)
	root.SetCompletionCommandGroupID(groupLearn)
	root.AddCommand(
		newRun(c),
		newTest(c),
		newState(c),
		newSpool(c),
		newReplay(c),
		newTopic(c),
		newValidate(c),
		newFmt(c),
		newModule(c),
		newPlugin(c),
		newPlan(c),
		newGraph(c),
		newExplain(c),
		newKinds(c),
		newFunctions(c),
		newVersion(c),
		newDocs(c),
	)
	c.nameExamples(root)
	return root
}

// nameExamples lets the examples of a command, and of those below it, begin with the name of
// the program.
func (c *cli) nameExamples(cmd *cobra.Command) {
	var named strings.Builder
	for line := range strings.Lines(cmd.Example) {
		named.WriteString(strings.Replace(line, "onstream ", c.config.Name+" ", 1))
	}
	cmd.Example = named.String()
	for _, sub := range cmd.Commands() {
		c.nameExamples(sub)
	}
}

// nodeName is what node.name is in a pipeline.
func nodeName() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}
