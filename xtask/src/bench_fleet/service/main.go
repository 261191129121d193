// A small service with the libraries of a large one, for `cargo xtask bench fleet`.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/grpc"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

func version(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprint(w, "version 1")
}

func pods(w http.ResponseWriter, r *http.Request) {
	config, err := rest.InClusterConfig()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	client := kubernetes.NewForConfigOrDie(config)
	informers.NewSharedInformerFactory(client, 0).Start(r.Context().Done())
	list, err := client.CoreV1().Pods("").List(r.Context(), metav1.ListOptions{})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, len(list.Items))
}

func main() {
	ended, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	http.HandleFunc("/", version)
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	http.HandleFunc("/pods", pods)
	http.Handle("/metrics", promhttp.Handler())
	http.Handle("/grpc", grpc.NewServer())
	server := &http.Server{Addr: ":" + os.Getenv("PORT")}
	go func() {
		<-ended.Done()
		// What is under way is answered; what restarts a service should cost nothing more than the port's absence.
		limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(limit)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
}
