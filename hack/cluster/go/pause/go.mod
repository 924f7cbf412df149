module pentad.test/hack/cluster/pause

go 1.26.0
