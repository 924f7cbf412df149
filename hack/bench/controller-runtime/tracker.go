package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// tracker keeps what the harness asks for: which Widgets were reconciled, with which checksum,
// and when. It speaks the peer protocol of hack/bench/process.py: JSON lines on stdout, one-word
// commands on stdin, end of input means stop.
type tracker struct {
	mu         sync.Mutex
	out        *json.Encoder
	expected   int
	record     bool
	seen       []bool
	sums       []uint32
	done       int
	reconciles int
	round      int // reconciles still missing from a resync
	times      [][2]int64
}

func newTracker(expected int, record bool) *tracker {
	return &tracker{
		out:      json.NewEncoder(os.Stdout),
		expected: expected,
		record:   record,
		seen:     make([]bool, expected),
		sums:     make([]uint32, expected),
	}
}

func now() int64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic(err)
	}
	return ts.Nano()
}

func (t *tracker) say(event string, more map[string]any) {
	line := map[string]any{"event": event, "t": now()}
	for key, value := range more {
		line[key] = value
	}
	_ = t.out.Encode(line)
}

// reconciled notes one finished reconcile of the Widget whose name ends in its index.
func (t *tracker) reconciled(name string, sum uint32, seq int64) {
	index, err := strconv.Atoi(name[len(name)-6:])
	if err != nil || index >= t.expected {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reconciles++
	t.sums[index] = sum
	if t.record {
		t.times = append(t.times, [2]int64{seq, now()})
	}
	if t.round > 0 {
		if t.round--; t.round == 0 {
			t.say("resynced", nil)
		}
	}
	if t.seen[index] {
		return
	}
	t.seen[index] = true
	if t.done++; t.done == 1 {
		t.say("first_reconcile", nil)
	}
	if t.done == t.expected {
		t.say("reconciled_all", map[string]any{"checksum": t.total()})
	}
}

func (t *tracker) total() uint64 {
	var sum uint64
	for _, value := range t.sums {
		sum += uint64(value)
	}
	return sum
}

func (t *tracker) names() []string {
	names := make([]string, t.expected)
	for i := range names {
		digits := strconv.Itoa(1_000_000 + i)
		names[i] = "widget-" + digits[1:]
	}
	return names
}

// serve answers commands until the input ends.
func (t *tracker) serve(resync func(names []string)) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		switch lines.Text() {
		case "sum":
			t.mu.Lock()
			t.say("sum", map[string]any{"checksum": t.total(), "reconciles": t.reconciles})
			t.mu.Unlock()
		case "report":
			t.mu.Lock()
			t.say("report", map[string]any{
				"checksum": t.total(), "reconciles": t.reconciles, "times": t.times,
			})
			t.mu.Unlock()
		case "resync":
			t.mu.Lock()
			t.round = t.expected
			t.mu.Unlock()
			resync(t.names())
		}
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}
