package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var groupVersion = schema.GroupVersion{Group: "penin.ai", Version: "v1alpha1"}

// CaosPlus is read by two of the services.
type CaosPlus struct {
	MaxBoost float64 `json:"maxBoost"`
	Kappa    float64 `json:"kappa"`
}

// SigmaGuard is read by one service.
type SigmaGuard struct {
	EceThreshold  float64 `json:"eceThreshold"`
	BiasThreshold float64 `json:"biasThreshold"`
}

// Evolution is read by two of the services.
type Evolution struct {
	Seed int64 `json:"seed"`
}

// Config is what the services are told.
type Config struct {
	BudgetDailyUsd float64    `json:"budgetDailyUsd"`
	CaosPlus       CaosPlus   `json:"caosPlus"`
	SigmaGuard     SigmaGuard `json:"sigmaGuard"`
	Evolution      Evolution  `json:"evolution"`
}

// Replicas says how many pods each service has.
type Replicas struct {
	OmegaMeta       int32 `json:"omegaMeta"`
	SigmaGuard      int32 `json:"sigmaGuard"`
	SrOmegaInfinity int32 `json:"srOmegaInfinity"`
	AcfaLeague      int32 `json:"acfaLeague"`
}

// Images says where images come from.
type Images struct {
	Registry string `json:"registry"`
}

// PeninOmegaClusterSpec is as much of a cluster's spec as Deployments and Services follow from.
type PeninOmegaClusterSpec struct {
	Version  string   `json:"version"`
	Config   Config   `json:"config"`
	Replicas Replicas `json:"replicas"`
	Images   Images   `json:"images"`
}

// PeninOmegaCluster is the kind that both peers reconcile.
type PeninOmegaCluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec PeninOmegaClusterSpec `json:"spec,omitempty"`
}

// PeninOmegaClusterList is a list of them.
type PeninOmegaClusterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []PeninOmegaCluster `json:"items"`
}

// DeepCopyObject copies every field.
func (c *PeninOmegaCluster) DeepCopyObject() runtime.Object {
	out := *c
	c.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	return &out
}

// DeepCopyObject copies every item.
func (l *PeninOmegaClusterList) DeepCopyObject() runtime.Object {
	out := *l
	l.ListMeta.DeepCopyInto(&out.ListMeta)
	if l.Items != nil {
		out.Items = make([]PeninOmegaCluster, len(l.Items))
		for i := range l.Items {
			out.Items[i] = l.Items[i]
			l.Items[i].ObjectMeta.DeepCopyInto(&out.Items[i].ObjectMeta)
		}
	}
	return &out
}

func addToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(groupVersion, &PeninOmegaCluster{}, &PeninOmegaClusterList{})
	metav1.AddToGroupVersion(scheme, groupVersion)
	return nil
}
