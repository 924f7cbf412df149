"""One writer among several processes: a Lease, and a fence that closes by itself.

    config.py    the durations, who is electing, what is allowed
    machine.py   the election as a state machine without I/O: what to send, when to stop writing
    fence.py     the value every write is measured against
    wire.py      an HTTP connection whose every step ends by one deadline
    lease.py     the coordination.k8s.io Lease, read and written over that connection
    driver.py    the thin thread that runs machine and connection
    elector.py   what the event loop sees of it
    metrics.py   what Prometheus sees of it

Safety rests on two clocks that are never compared: a holder counts from before it sent the
renewal, a standby from after it read it, and the lease is longer than the deadline. Whatever
happens in between, a stall, a cut, a lost reply, can only make the holder stop earlier or the
standby start later.
"""
