package nats

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	natsgo "github.com/nats-io/nats.go"
)

// answer is what the server says about a published record.
type answer struct {
	err       error // nil: it is stored
	permanent bool  // and will be the next time, too
	homeless  bool  // no stream takes the subject
}

var stored = []byte(`{"stream":"`)

// Codes of the JetStream API that say something about the moment, not about the record.
const codeTooMany = 429

var errHomeless = errors.New("no stream takes the subject")

// saidError is what a server said, with its own number.
type saidError struct {
	text string
	code int
}

// Error implements error.
func (e *saidError) Error() string { return e.text }

// readAnswer reads an answer. That the record is stored, which is the rule, is seen from its
// beginning.
func readAnswer(m *natsgo.Msg) answer {
	if bytes.HasPrefix(m.Data, stored) {
		return answer{}
	}
	if len(m.Data) == 0 && m.Header.Get("Status") == "503" {
		return answer{err: errHomeless, homeless: true}
	}
	var said struct {
		Stream string `json:"stream"`
		Error  *struct {
			Code        int    `json:"code"`
			ErrCode     int    `json:"err_code"`
			Description string `json:"description"`
		} `json:"error"`
	}
	if err := json.Unmarshal(m.Data, &said); err != nil {
		return answer{err: fmt.Errorf("the server's answer is damaged: %w", err)}
	}
	switch {
	case said.Error != nil:
		code := said.Error.Code
		return answer{
			err:       &saidError{fmt.Sprintf("the server answered: %s (%d)", said.Error.Description, said.Error.ErrCode), said.Error.ErrCode},
			permanent: code >= 400 && code < 500 && code != codeTooMany && code != 408 && !isFullCode(said.Error.ErrCode),
		}
	case said.Stream == "":
		return answer{err: errors.New("the server's answer says nothing")}
	}
	return answer{}
}
