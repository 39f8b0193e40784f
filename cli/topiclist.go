package cli

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/onstream/onstream/connectors"
)

func newTopicList(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ls --via connector.NAME [FILE...]",
		Short: "List the topics of a bus",
		Long: `List the topics of a bus with how many partitions each has and how many records
the bus keeps of it, as far as it tells.`,
		Example: `  onstream topic ls --via connector.bus my-pipeline
  onstream topic ls --via connector.bus --output json my-pipeline/bus.hcl`,
	}
	f := addTopicFlags(c, cmd)
	output := addOutput(cmd)
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		c.asJSON = output.value == "json"
		p, err := c.peek(files, f, false)
		if err != nil {
			return err
		}
		topics, err := p.topics(cmd.Context())
		if err = p.close(err); err != nil {
			return failed(fmt.Errorf("%s: %w", p.addr, err))
		}
		return c.writeTopics(topics)
	}
	return cmd
}

// topics asks the bus which topics there are.
func (p *peek) topics(ctx context.Context) ([]connectors.TopicInfo, error) {
	browser, ok := p.bus.(connectors.Browser)
	if !ok {
		return nil, fmt.Errorf("a bus of kind %s does not tell which topics it has; onstream topic tail looks at one whose name you know", p.kind.Name)
	}
	ctx, cancel := untilStopped(ctx)
	defer cancel()
	ctx, cancelWait := context.WithTimeoutCause(ctx, busPatience, fmt.Errorf("the bus has not answered within %v", busPatience))
	defer cancelWait()
	topics, err := browser.Topics(ctx)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return topics, err
}

// topicJSON is what is told of a topic to a program.
type topicJSON struct {
	Name       string `json:"name"`
	Partitions int    `json:"partitions"` // 0 where the bus has none
	Records    *int64 `json:"records"`    // null where the bus does not tell
}

func (c *cli) writeTopics(topics []connectors.TopicInfo) error {
	if c.asJSON {
		all := make([]topicJSON, len(topics))
		for i, t := range topics {
			all[i] = topicJSON{Name: t.Name, Partitions: t.Partitions}
			if t.Records >= 0 {
				all[i].Records = &t.Records
			}
		}
		return c.writeJSON(all)
	}
	if len(topics) == 0 {
		fmt.Fprintln(c.stderr, "the bus has no topics")
		return nil
	}
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TOPIC\tPARTITIONS\tRECORDS")
	for _, t := range topics {
		fmt.Fprintf(w, "%s\t%s\t%s\n", t.Name, orDash(int64(t.Partitions), t.Partitions > 0), orDash(t.Records, t.Records >= 0))
	}
	if err := w.Flush(); err != nil {
		return failed(fmt.Errorf("write output: %w", err))
	}
	return nil
}

func orDash(n int64, known bool) string {
	if !known {
		return "-"
	}
	return count(n)
}
