package main

import (
	"context"
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

const finalizer = "test.pentad.dev/bench"

// reconciler is what a user of controller-runtime would write for a Widget: finalizer, owned
// ConfigMaps by CreateOrUpdate, status last and only when it differs.
type reconciler struct {
	client.Client
	tracker *tracker
	stamp   string
	applies bool
}

func (r *reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	widget := &Widget{}
	if err := r.Get(ctx, req.NamespacedName, widget); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !widget.DeletionTimestamp.IsZero() {
		if controllerutil.RemoveFinalizer(widget, finalizer) {
			return ctrl.Result{}, r.Update(ctx, widget)
		}
		return ctrl.Result{}, nil
	}
	if controllerutil.AddFinalizer(widget, finalizer) {
		if err := r.Update(ctx, widget); err != nil {
			return ctrl.Result{}, err
		}
	}
	sum := widget.checksum()
	reconcileChildren := r.reconcileChildren
	if r.applies {
		reconcileChildren = r.applyChildren
	}
	if err := reconcileChildren(ctx, widget, sum); err != nil {
		return ctrl.Result{}, err
	}
	if err := r.reconcileStatus(ctx, widget, sum); err != nil {
		return ctrl.Result{}, err
	}
	r.tracker.reconciled(widget.Name, sum, widget.Spec.Size)
	return ctrl.Result{}, nil
}

func (r *reconciler) reconcileChildren(ctx context.Context, widget *Widget, sum uint32) error {
	for i := range widget.Spec.Children {
		child := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
			Namespace: widget.Namespace,
			Name:      fmt.Sprintf("%s-%d", widget.Name, i),
		}}
		result, err := controllerutil.CreateOrUpdate(ctx, r.Client, child, func() error {
			if child.Labels == nil {
				child.Labels = map[string]string{}
			}
			child.Labels["test.pentad.dev/widget"] = widget.Name
			if child.Data == nil {
				child.Data = map[string]string{}
			}
			child.Data["index"] = strconv.FormatInt(i, 10)
			child.Data["colour"] = widget.Spec.Colour
			child.Data["checksum"] = strconv.FormatUint(uint64(sum), 10)
			return controllerutil.SetControllerReference(widget, child, r.Scheme())
		})
		if err != nil {
			return err
		}
		if result != controllerutil.OperationResultNone {
			log.FromContext(ctx).V(1).Info("child written", "child", child.Name, "result", result)
		}
	}
	return nil
}

func (r *reconciler) reconcileStatus(ctx context.Context, widget *Widget, sum uint32) error {
	if r.stamp == "" {
		return nil
	}
	status := widget.Status.deepCopy()
	status.ObservedGeneration = widget.Generation
	status.ReadyChildren = widget.Spec.Children
	status.Checksum = int64(sum)
	status.Stamp = r.stamp
	changed := meta.SetStatusCondition(&status.Conditions, metav1.Condition{
		Type:               "Ready",
		Status:             metav1.ConditionTrue,
		Reason:             "Reconciled",
		Message:            "every child is up to date",
		ObservedGeneration: widget.Generation,
	})
	if !changed && status.ObservedGeneration == widget.Status.ObservedGeneration &&
		status.ReadyChildren == widget.Status.ReadyChildren &&
		status.Checksum == widget.Status.Checksum && status.Stamp == widget.Status.Stamp {
		return nil
	}
	widget.Status = status
	return r.Status().Update(ctx, widget)
}
