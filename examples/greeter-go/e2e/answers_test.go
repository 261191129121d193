// Package e2e is the regression test that `plimsoll ship` runs against staging: it asks the deployed service at
// PLIMSOLL_URL. Without that variable there is nothing to ask, and the tests say so.
package e2e

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

func get(t *testing.T, path string) (int, string) {
	t.Helper()
	url := os.Getenv("PLIMSOLL_URL")
	if url == "" {
		t.Skip("PLIMSOLL_URL does not say where the service answers")
	}
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(strings.TrimSuffix(url, "/") + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestItIsHealthy(t *testing.T) {
	if status, body := get(t, "/healthz"); status != 200 || body != "ok\n" {
		t.Fatalf("%d %q", status, body)
	}
}

func TestItGreetsWithItsVersion(t *testing.T) {
	for range 3 {
		status, body := get(t, "/")
		if status != 200 || !strings.Contains(body, `"greeting":"hello"`) || !strings.Contains(body, `"version":`) {
			t.Fatalf("%d %q", status, body)
		}
	}
}

func TestItCountsItsAnswers(t *testing.T) {
	status, page := get(t, "/metrics")
	for _, wanted := range []string{`http_requests_total{code="200"}`, `http_request_duration_seconds_bucket{le="0.25"}`} {
		if status != 200 || !strings.Contains(page, wanted) {
			t.Fatalf("%d, no %s in %s", status, wanted, page)
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	if status, _ := get(t, "/no-such-page"); status != 404 {
		t.Fatal(status)
	}
}
