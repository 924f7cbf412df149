// Command controller-runtime is the Go peer of the benchmark: the Widget controller as a user of
// controller-runtime would write it, with its defaults except where the harness fixes a setting
// for every peer (10 workers, no client rate limit, a Lease of 15/10/2 s released on cancel).
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

type options struct {
	namespace, lease, metrics, health, logFile, stamp string

	expected        int
	record, applies bool
}

func parse() options {
	var o options
	flag.StringVar(&o.namespace, "namespace", "default", "the only namespace watched")
	flag.StringVar(&o.lease, "lease", "bench", "name of the election Lease")
	flag.StringVar(&o.metrics, "metrics", "127.0.0.1:0", "address of /metrics")
	flag.StringVar(&o.health, "health", "127.0.0.1:0", "address of /healthz and /readyz")
	flag.StringVar(&o.logFile, "log-file", os.DevNull, "where JSON logs go")
	flag.StringVar(&o.stamp, "stamp", "", "write a status with this stamp; empty: write none")
	flag.IntVar(&o.expected, "expected", 0, "how many Widgets there are")
	flag.BoolVar(&o.record, "record", false, "keep the time of every reconcile")
	flag.BoolVar(&o.applies, "apply", false, "children by server-side apply, not CreateOrUpdate")
	flag.Parse()
	return o
}

func main() {
	if err := run(parse()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func newManager(o options) (manager.Manager, error) {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, err
	}
	if err := addToScheme(scheme); err != nil {
		return nil, err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	config.UserAgent = "bench-controller-runtime"
	lease, renew, retry := 15*time.Second, 10*time.Second, 2*time.Second
	return ctrl.NewManager(config, ctrl.Options{
		Scheme:                        scheme,
		Cache:                         cache.Options{DefaultNamespaces: map[string]cache.Config{o.namespace: {}}},
		Metrics:                       metricsserver.Options{BindAddress: o.metrics},
		HealthProbeBindAddress:        o.health,
		LeaderElection:                true,
		LeaderElectionID:              o.lease,
		LeaderElectionNamespace:       o.namespace,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &lease,
		RenewDeadline:                 &renew,
		RetryPeriod:                   &retry,
	})
}

func run(o options) error {
	logs, err := os.OpenFile(o.logFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer logs.Close()
	ctrl.SetLogger(zap.New(zap.WriteTo(logs)))
	mgr, err := newManager(o)
	if err != nil {
		return err
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return err
	}
	tracker := newTracker(o.expected, o.record)
	resyncs := make(chan event.TypedGenericEvent[*Widget], 1024)
	err = ctrl.NewControllerManagedBy(mgr).
		Named("widget").
		For(&Widget{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Owns(&corev1.ConfigMap{}).
		WatchesRawSource(source.Channel(resyncs, &handler.TypedEnqueueRequestForObject[*Widget]{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: 10}).
		Complete(&reconciler{Client: mgr.GetClient(), tracker: tracker, stamp: o.stamp, applies: o.applies})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctrl.SetupSignalHandler())
	go func() {
		defer cancel()
		tracker.serve(func(names []string) {
			for _, name := range names {
				resyncs <- event.TypedGenericEvent[*Widget]{Object: &Widget{ObjectMeta: metav1.ObjectMeta{
					Namespace: o.namespace, Name: name,
				}}}
			}
		})
	}()
	go func() {
		<-mgr.Elected()
		tracker.mu.Lock()
		defer tracker.mu.Unlock()
		tracker.say("elected", nil)
	}()
	tracker.say("started", nil)
	return mgr.Start(ctx)
}
