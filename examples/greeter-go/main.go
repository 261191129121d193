// Command greeter is small, but has what a service needs to be shipped without losing a request.
//
// It listens on the port in PORT, answers /, /healthz and /metrics, writes structured log lines, and on SIGTERM
// finishes the requests that it has and leaves.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// grace is how long running requests may take to finish after SIGTERM.
const grace = 10 * time.Second

type greeter struct {
	greetings atomic.Uint64
	metrics   metrics
}

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil)).With("version", version)
	slog.SetDefault(log)
	if err := serve(); err != nil {
		log.Error("stopped", "error", err.Error())
		os.Exit(1)
	}
}

func serve() error {
	port := os.Getenv("PORT")
	if port == "" {
		return errors.New("the variable PORT is not set")
	}
	g := &greeter{}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /{$}", g.greet)
	routes.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	routes.HandleFunc("GET /metrics", g.metrics.page)
	server := &http.Server{
		Addr:              "127.0.0.1:" + port,
		Handler:           routes,
		ReadHeaderTimeout: 10 * time.Second,
		// Longer than any proxy in front of it keeps an idle connection.
		IdleTimeout: 75 * time.Second,
	}

	leaving, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	finished := make(chan error, 1)
	go func() {
		<-leaving.Done()
		slog.Info("stopping")
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		finished <- server.Shutdown(ctx)
	}()

	slog.Info("listening", "port", port)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	err := <-finished
	slog.Info("stopped")
	return err
}

func (g *greeter) greet(w http.ResponseWriter, _ *http.Request) {
	started := time.Now()
	time.Sleep(extraLatencyMs * time.Millisecond)
	status, body := http.StatusOK, map[string]any{"greeting": "hello", "version": version, "pid": os.Getpid()}
	if n := g.greetings.Add(1); fails(n - 1) {
		slog.Error("the greeting was lost", "number", n-1)
		status, body = http.StatusInternalServerError, map[string]any{"error": "the greeting was lost"}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
	g.metrics.record(status, time.Since(started))
}

// fails spreads the failures evenly and begins with successes: a short test does not see them, traffic does.
func fails(number uint64) bool {
	return (number+1)*errorsPerThousand/1000 > number*errorsPerThousand/1000
}
