package onstream

import "errors"

// Request is a request to a host that the manifest asks for in grants and the stage grants.
type Request struct {
	URL    string
	Method string // GET unless given
	Header map[string]string
	Body   []byte
}

// Response is the answer to a Request.
type Response struct {
	Status int
	Header map[string]string
	Body   []byte
}

// Do makes the request, and waits for the answer, which counts as time of the call. The request is made when this is called, whether
// the call takes effect or not, and so again where its batch is divided.
func (r Request) Do() (Response, error) {
	w := settingsWriter{}
	w.add("url", typeString, []byte(r.URL))
	if r.Method != "" {
		w.add("method", typeString, []byte(r.Method))
	}
	for name, value := range r.Header {
		w.add("header."+name, typeString, []byte(value))
	}
	if r.Body != nil {
		w.add("body", typeBytes, r.Body)
	}
	frame := w.frame()
	n := int(hostHTTPRequest(start(frame), uint32(len(frame)), start(buffer), uint32(len(buffer))))
	if n > len(buffer) {
		enough(n)
		n = int(hostHTTPRequest(start(frame), 0, start(buffer), uint32(len(buffer))))
	}
	if n < headerSize || n > len(buffer) {
		return Response{}, errors.New("the host gives no answer")
	}
	return answered(settingsOf(buffer[:n]))
}

func answered(s Settings) (Response, error) {
	r := Response{Status: int(s.Int("status")), Header: map[string]string{}}
	if r.Status == 0 {
		return r, errors.New(s.Text("error"))
	}
	const prefix = "header."
	for _, d := range s.settings {
		name, text := string(d.name.of(s.frame)), string(d.text.of(s.frame))
		if name == "body" {
			r.Body = []byte(text)
		} else if len(name) > len(prefix) && name[:len(prefix)] == prefix {
			r.Header[name[len(prefix):]] = text
		}
	}
	return r, nil
}
