package main

import (
	"context"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// applyChildren does with server-side apply what reconcileChildren does with CreateOrUpdate: what
// the cache lacks or holds with other data is applied. It tells what the server charges for apply.
func (r *reconciler) applyChildren(ctx context.Context, widget *Widget, sum uint32) error {
	for i := range widget.Spec.Children {
		name := fmt.Sprintf("%s-%d", widget.Name, i)
		data := map[string]string{
			"index":    strconv.FormatInt(i, 10),
			"colour":   widget.Spec.Colour,
			"checksum": strconv.FormatUint(uint64(sum), 10),
		}
		held := &corev1.ConfigMap{}
		err := r.Get(ctx, client.ObjectKey{Namespace: widget.Namespace, Name: name}, held)
		if client.IgnoreNotFound(err) != nil {
			return err
		}
		if !apierrors.IsNotFound(err) && same(held.Data, data) {
			continue
		}
		child := corev1ac.ConfigMap(name, widget.Namespace).
			WithLabels(map[string]string{"test.pentad.dev/widget": widget.Name}).
			WithData(data).
			WithOwnerReferences(metav1ac.OwnerReference().
				WithAPIVersion(groupVersion.String()).
				WithKind("Widget").
				WithName(widget.Name).
				WithUID(widget.UID).
				WithController(true).
				WithBlockOwnerDeletion(true))
		if err := r.Apply(ctx, child, client.FieldOwner("bench"), client.ForceOwnership); err != nil {
			return err
		}
	}
	return nil
}

// same tells whether two maps hold the same.
func same(one, other map[string]string) bool {
	if len(one) != len(other) {
		return false
	}
	for key, value := range one {
		if other[key] != value {
			return false
		}
	}
	return true
}
