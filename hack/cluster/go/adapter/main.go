// Adapter serves custom metrics that a file lists, as adapters of real measurements serve theirs.
//
// All that clients see of an adapter is the library's: paths, versions, errors, who may ask. The
// file is read again for every request, so whoever replaces it has said what is measured from then
// on. Which objects a selector finds, the API server is asked.
package main

import (
	"context"
	"os"
	"time"

	"k8s.io/klog/v2"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"
)

func main() {
	base := &cmd.AdapterBase{Name: "adapter", DiscoveryInterval: time.Minute}
	path := base.Flags().String("values", "", "The file with what is measured.")
	if err := base.Flags().Parse(os.Args); err != nil {
		klog.Fatal(err)
	}
	if err := serve(base, *path); err != nil {
		klog.Fatal(err)
	}
}

// serve answers until the process is ended.
func serve(base *cmd.AdapterBase, path string) error {
	client, err := base.DynamicClient()
	if err != nil {
		return err
	}
	mapper, err := base.RESTMapper()
	if err != nil {
		return err
	}
	base.WithCustomMetrics(&measured{path: path, client: client, mapper: mapper})
	return base.Run(context.Background())
}
