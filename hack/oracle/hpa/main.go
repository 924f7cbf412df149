// Program oracle answers for Kubernetes' HorizontalPodAutoscaler; see podautoscaler/oracle.go.
package main

import "pentad.test/hack/cluster/kubernetes/podautoscaler"

func main() { podautoscaler.Serve() }
