package main

import (
	"math/rand/v2"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

func conditions(r *rand.Rand) []section {
	return []section{{"edits", edits(r)}, {"kstatus", kstatus(r)}}
}

// condition is a row: type, status, reason, message, observedGeneration, transition second.
func condition(r *rand.Rand, second int64) metav1.Condition {
	return metav1.Condition{
		Type: pick(r, "Ready", "Reconciling", "Stalled"), Status: pick(r, metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown),
		Reason: pick(r, "Up", "Down"), Message: pick(r, "", "m"), ObservedGeneration: r.Int64N(3),
		LastTransitionTime: metav1.NewTime(time.Unix(second, 0).UTC()),
	}
}

func row(c metav1.Condition) vector {
	return vector{c.Type, c.Status, c.Reason, c.Message, c.ObservedGeneration, c.LastTransitionTime.Unix()}
}

func edits(r *rand.Rand) []vector {
	var out []vector // a chain from no conditions on: [the one set, or the type removed; conditions after; changed]...
	for range 50 {
		var list []metav1.Condition
		var chain vector
		for second := range int64(9) {
			next := condition(r, 1_700_000_000+second)
			var edit any = row(next)
			var changed bool
			if chance(r, 15) {
				edit, changed = next.Type, meta.RemoveStatusCondition(&list, next.Type)
			} else {
				changed = meta.SetStatusCondition(&list, next)
			}
			after := []vector{}
			for _, c := range list {
				after = append(after, row(c))
			}
			chain = append(chain, vector{edit, after, changed})
		}
		out = append(out, chain)
	}
	return out
}

func kstatus(r *rand.Rand) []vector {
	var out []vector // generation, observedGeneration, deleting, [type, status, reason, message]..., Status, Message
	for range 500 {
		metadata, state := map[string]any{"name": "w"}, map[string]any{}
		var generation, observed any
		if chance(r, 85) {
			generation = r.Int64N(3)
			metadata["generation"] = generation
		}
		if chance(r, 75) {
			observed = r.Int64N(3)
			if chance(r, 70) && generation != nil {
				observed = generation
			}
			state["observedGeneration"] = observed
		}
		deleting := chance(r, 8)
		if deleting {
			metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
		}
		rows, list := []vector{}, []any{}
		for range r.IntN(5) {
			c := map[string]any{
				"type":   pick(r, "Ready", "Ready", "Reconciling", "Stalled", "Available", "Paused"),
				"status": pick(r, "True", "True", "False", "False", "Unknown", "true", ""), "reason": pick(r, "", "Why"), "message": pick(r, "", "because"),
			}
			list = append(list, c)
			rows = append(rows, vector{c["type"], c["status"], c["reason"], c["message"]})
		}
		state["conditions"] = list
		result, err := status.Compute(&unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "test.pentad.dev/v1", "kind": "Widget", "metadata": metadata, "status": state,
		}})
		if err != nil {
			panic(err)
		}
		out = append(out, vector{generation, observed, deleting, rows, result.Status, result.Message})
	}
	return out
}
