package main

import (
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// bounds of the histogram's buckets, in seconds.
var bounds = [...]float64{0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1}

// metrics counts greetings. The page is written by hand, so that nothing needs to be downloaded.
type metrics struct {
	ok, failed   atomic.Uint64
	buckets      [len(bounds) + 1]atomic.Uint64
	microseconds atomic.Uint64
}

func (m *metrics) record(status int, took time.Duration) {
	if status == http.StatusOK {
		m.ok.Add(1)
	} else {
		m.failed.Add(1)
	}
	bucket := 0
	for bucket < len(bounds) && took.Seconds() > bounds[bucket] {
		bucket++
	}
	m.buckets[bucket].Add(1)
	m.microseconds.Add(uint64(took.Microseconds()))
}

func (m *metrics) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	fmt.Fprintln(w, "# TYPE http_requests_total counter")
	fmt.Fprintf(w, "http_requests_total{code=\"200\"} %d\n", m.ok.Load())
	fmt.Fprintf(w, "http_requests_total{code=\"500\"} %d\n", m.failed.Load())
	fmt.Fprintln(w, "# TYPE http_request_duration_seconds histogram")
	var count uint64
	for i := range m.buckets {
		count += m.buckets[i].Load()
		bound := "+Inf"
		if i < len(bounds) {
			bound = strconv.FormatFloat(bounds[i], 'g', -1, 64)
		}
		fmt.Fprintf(w, "http_request_duration_seconds_bucket{le=%q} %d\n", bound, count)
	}
	fmt.Fprintf(w, "http_request_duration_seconds_sum %g\n", float64(m.microseconds.Load())/1e6)
	fmt.Fprintf(w, "http_request_duration_seconds_count %d\n", count)
}
