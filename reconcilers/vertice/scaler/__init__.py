"""VerticeScaler: how many pods a workload has, by what is measured of it and by the clock."""
