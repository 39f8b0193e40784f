//go:build unix

package project_test

import (
	"strings"
	"testing"
	"time"

	"github.com/onstream/onstream/plugins/remote/pb"
	"github.com/onstream/onstream/plugins/remote/project"
)

func TestSmoke(t *testing.T) {
	t.Parallel()
	for _, l := range interpreted {
		t.Run(string(l), func(t *testing.T) {
			t.Parallel()
			_, program := made(t, l)
			began := time.Now()
			s := start(t, program)
			d, err := s.Describe(t.Context(), &pb.DescribeRequest{HostVersion: "test"})
			if err != nil {
				t.Fatal(err)
			}
			t.Log(time.Since(began), d)
			if !s.healthy(t.Context()) {
				t.Error("it does not say that it is well")
			}
			t.Log(s.stop(t), strings.TrimSpace(s.log.String()))
		})
	}
	_ = project.Go
}
