package main

import (
	"hash/crc32"
	"sort"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var groupVersion = schema.GroupVersion{Group: "test.pentad.dev", Version: "v1alpha1"}

// Item is one entry of a Widget's list.
type Item struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Weight int64  `json:"weight"`
}

// WidgetSpec has one field of each shape that real specifications use.
type WidgetSpec struct {
	Size     int64             `json:"size"`
	Colour   string            `json:"colour"`
	Replicas int64             `json:"replicas"`
	Children int64             `json:"children,omitempty"`
	Enabled  bool              `json:"enabled"`
	Labels   map[string]string `json:"labels,omitempty"`
	Items    []Item            `json:"items,omitempty"`
	Payload  string            `json:"payload,omitempty"`
}

// WidgetStatus is what the reconciler writes.
type WidgetStatus struct {
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	ReadyChildren      int64              `json:"readyChildren"`
	Checksum           int64              `json:"checksum,omitempty"`
	Stamp              string             `json:"stamp,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
}

// Widget is the kind under test.
type Widget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   WidgetSpec   `json:"spec,omitempty"`
	Status WidgetStatus `json:"status,omitempty"`
}

// WidgetList is a list of Widgets.
type WidgetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Widget `json:"items"`
}

// DeepCopyInto copies every field, as controller-gen would write it.
func (w *Widget) DeepCopyInto(out *Widget) {
	*out = *w
	w.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	if w.Spec.Labels != nil {
		out.Spec.Labels = make(map[string]string, len(w.Spec.Labels))
		for key, value := range w.Spec.Labels {
			out.Spec.Labels[key] = value
		}
	}
	if w.Spec.Items != nil {
		out.Spec.Items = make([]Item, len(w.Spec.Items))
		copy(out.Spec.Items, w.Spec.Items)
	}
	out.Status = w.Status.deepCopy()
}

func (s *WidgetStatus) deepCopy() WidgetStatus {
	out := *s
	if s.Conditions != nil {
		out.Conditions = make([]metav1.Condition, len(s.Conditions))
		for i := range s.Conditions {
			s.Conditions[i].DeepCopyInto(&out.Conditions[i])
		}
	}
	return out
}

// DeepCopy returns a copy of its own.
func (w *Widget) DeepCopy() *Widget {
	out := new(Widget)
	w.DeepCopyInto(out)
	return out
}

// DeepCopyObject implements runtime.Object.
func (w *Widget) DeepCopyObject() runtime.Object { return w.DeepCopy() }

// DeepCopyObject implements runtime.Object.
func (l *WidgetList) DeepCopyObject() runtime.Object {
	out := new(WidgetList)
	*out = *l
	l.ListMeta.DeepCopyInto(&out.ListMeta)
	if l.Items != nil {
		out.Items = make([]Widget, len(l.Items))
		for i := range l.Items {
			l.Items[i].DeepCopyInto(&out.Items[i])
		}
	}
	return out
}

func addToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(groupVersion, &Widget{}, &WidgetList{})
	metav1.AddToGroupVersion(scheme, groupVersion)
	return nil
}

// checksum folds the name and every spec field; hack/bench/widget.py defines it for all peers.
func (w *Widget) checksum() uint32 {
	buf := make([]byte, 0, 1024)
	text := func(s string) { buf = append(append(buf, s...), 0) }
	number := func(n int64) { buf = append(strconv.AppendInt(buf, n, 10), 0) }
	text(w.Name)
	number(w.Spec.Size)
	text(w.Spec.Colour)
	number(w.Spec.Replicas)
	number(w.Spec.Children)
	text(strconv.FormatBool(w.Spec.Enabled))
	keys := make([]string, 0, len(w.Spec.Labels))
	for key := range w.Spec.Labels {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		text(key)
		text(w.Spec.Labels[key])
	}
	for i := range w.Spec.Items {
		text(w.Spec.Items[i].Name)
		text(w.Spec.Items[i].Value)
		number(w.Spec.Items[i].Weight)
	}
	text(w.Spec.Payload)
	return crc32.ChecksumIEEE(buf)
}
