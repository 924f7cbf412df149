// Pause holds the namespaces of a pod for as long as the pod lives.
//
// It is the first process there when a pod's containers share their processes, so it also collects
// those that lost their parent: with the signal ignored, the kernel does.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signal.Ignore(syscall.SIGCHLD)
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGINT, syscall.SIGTERM)
	<-end
}
