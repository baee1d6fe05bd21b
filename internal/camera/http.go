package camera

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"maps"
	"net/http"
	"net/url"
	"time"
)

// HTTP is a camera that is asked for its pictures by HTTP: GET URL?job=…&blank=…&side=front,
// and the same with side=back. GET URL without a job answers 2xx when it is ready.
type HTTP struct {
	url    url.URL
	client *http.Client
}

// NewHTTP makes the driver of the camera at a URL. A picture may take that long.
func NewHTTP(address string, wait time.Duration) (*HTTP, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("camera.url must be http://HOST/PATH or https://HOST/PATH")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // the camera is in the same network
	return &HTTP{url: *u, client: &http.Client{Transport: transport, Timeout: wait, CheckRedirect: func(*http.Request, []*http.Request) error {
		return errors.New("a camera does not redirect")
	}}}, nil
}

// Look implements Camera.
func (h *HTTP) Look(ctx context.Context, job Job) (image.Image, image.Image, error) {
	var sides [2]image.Image
	for i, side := range []string{front, back} {
		err := h.get(ctx, url.Values{"job": {job.Name}, "blank": {job.Blank}, "side": {side}}, func(body io.Reader) (err error) {
			sides[i], err = read(body)
			return err
		})
		if err != nil {
			return nil, nil, fmt.Errorf("%s of job %s: %w", side, job.Name, err)
		}
	}
	return sides[0], sides[1], nil
}

// Prove implements Camera.
func (h *HTTP) Prove(ctx context.Context) error {
	return h.get(ctx, nil, func(io.Reader) error { return nil })
}

// get asks the camera, and gives the body of a good answer.
func (h *HTTP) get(ctx context.Context, query url.Values, use func(io.Reader) error) error {
	u := h.url
	asked := u.Query()
	maps.Copy(asked, query)
	u.RawQuery = asked.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return err
	}
	answer, err := h.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the camera answered HTTP %d", answer.StatusCode)
	}
	return use(answer.Body)
}
