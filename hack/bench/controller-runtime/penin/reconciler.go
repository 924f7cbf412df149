package main

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

type reconciler struct {
	client.Client
}

func (r *reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	cluster := &PeninOmegaCluster{}
	if err := r.Get(ctx, req.NamespacedName, cluster); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !cluster.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	for _, each := range parts(cluster) {
		if err := r.reconcileService(ctx, cluster, each); err != nil {
			return ctrl.Result{}, err
		}
		if err := r.reconcileDeployment(ctx, cluster, each); err != nil {
			return ctrl.Result{}, err
		}
	}
	return ctrl.Result{}, nil
}

func (r *reconciler) reconcileService(ctx context.Context, cluster *PeninOmegaCluster, each part) error {
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: cluster.Namespace, Name: each.name}}
	_, err := controllerutil.CreateOrUpdate(ctx, r.Client, service, func() error {
		service.Labels = merged(service.Labels, each.labels)
		service.Spec.Selector = each.labels
		service.Spec.Ports = []corev1.ServicePort{{
			Name: each.portName, Port: each.port, Protocol: corev1.ProtocolTCP,
			TargetPort: intstr.FromString(each.portName),
		}}
		return controllerutil.SetControllerReference(cluster, service, r.Scheme())
	})
	return err
}

func (r *reconciler) reconcileDeployment(ctx context.Context, cluster *PeninOmegaCluster, each part) error {
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: cluster.Namespace, Name: each.name}}
	_, err := controllerutil.CreateOrUpdate(ctx, r.Client, deployment, func() error {
		deployment.Labels = merged(deployment.Labels, each.labels)
		deployment.Spec.Replicas = &each.replicas
		deployment.Spec.Selector = &metav1.LabelSelector{MatchLabels: each.labels}
		deployment.Spec.RevisionHistoryLimit = new(int32(2))
		deployment.Spec.ProgressDeadlineSeconds = new(int32(600))
		deployment.Spec.Strategy = each.strategy()
		deployment.Spec.Template.Labels = merged(deployment.Spec.Template.Labels, each.labels)
		deployment.Spec.Template.Annotations = merged(deployment.Spec.Template.Annotations, each.annotations())
		each.fill(&deployment.Spec.Template.Spec)
		return controllerutil.SetControllerReference(cluster, deployment, r.Scheme())
	})
	return err
}

// merged puts our entries into a map that others may have entries in, too.
func merged(there, ours map[string]string) map[string]string {
	if there == nil {
		there = make(map[string]string, len(ours))
	}
	for key, value := range ours {
		there[key] = value
	}
	return there
}
