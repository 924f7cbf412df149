package main

import (
	"context"
	"encoding/json"
	"os"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider/helpers"
)

// value is what a metric of one object was: of several with other labels, one each.
type value struct {
	Metric        string            `json:"metric"`
	Resource      string            `json:"resource"` // with its group, as in deployments.apps
	Namespace     string            `json:"namespace"`
	Name          string            `json:"name"`
	Labels        map[string]string `json:"labels"`
	Value         resource.Quantity `json:"value"`
	Timestamp     metav1.Time       `json:"timestamp"`
	WindowSeconds *int64            `json:"windowSeconds"`
}

// measured is what the file lists.
type measured struct {
	path   string
	client dynamic.Interface
	mapper meta.RESTMapper
}

// GetMetricByName returns the first value of an object that a selector of labels finds.
func (m *measured) GetMetricByName(
	_ context.Context, name types.NamespacedName, info provider.CustomMetricInfo, selector labels.Selector,
) (*custom_metrics.MetricValue, error) {
	known, err := m.of(info, name.Namespace, selector)
	if err != nil {
		return nil, err
	}
	for _, each := range known {
		if each.Name == name.Name {
			return m.told(each, info)
		}
	}
	return nil, provider.NewMetricNotFoundForSelectorError(
		info.GroupResource, info.Metric, name.Name, selector)
}

// GetMetricBySelector returns the values of all objects that a selector finds.
func (m *measured) GetMetricBySelector(
	_ context.Context, namespace string, selector labels.Selector, info provider.CustomMetricInfo,
	metricSelector labels.Selector,
) (*custom_metrics.MetricValueList, error) {
	known, err := m.of(info, namespace, metricSelector)
	if err != nil {
		return nil, err
	}
	if len(known) == 0 {
		return nil, provider.NewMetricNotFoundError(info.GroupResource, info.Metric)
	}
	names, err := helpers.ListObjectNames(m.mapper, m.client, namespace, selector, info)
	if err != nil {
		return nil, err
	}
	found := &custom_metrics.MetricValueList{}
	for _, each := range known {
		if slices.Contains(names, each.Name) {
			told, err := m.told(each, info)
			if err != nil {
				return nil, err
			}
			found.Items = append(found.Items, *told)
		}
	}
	return found, nil
}

// ListAllMetrics returns what discovery shows, which nothing here goes by.
func (m *measured) ListAllMetrics() []provider.CustomMetricInfo {
	return nil
}

// of returns the values of a metric in a namespace, of all its objects of a kind.
func (m *measured) of(
	info provider.CustomMetricInfo, namespace string, selector labels.Selector,
) ([]value, error) {
	content, err := os.ReadFile(m.path)
	if err != nil {
		return nil, err
	}
	var found []value
	if err := json.Unmarshal(content, &found); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(each value) bool {
		return each.Metric != info.Metric || each.Resource != info.GroupResource.String() ||
			each.Namespace != namespace || !selector.Matches(labels.Set(each.Labels))
	}), nil
}

// told returns a value as the API has it.
func (m *measured) told(
	each value, info provider.CustomMetricInfo,
) (*custom_metrics.MetricValue, error) {
	name := types.NamespacedName{Namespace: each.Namespace, Name: each.Name}
	object, err := helpers.ReferenceFor(m.mapper, name, info)
	if err != nil {
		return nil, err
	}
	return &custom_metrics.MetricValue{
		DescribedObject: object,
		Metric:          custom_metrics.MetricIdentifier{Name: each.Metric},
		Timestamp:       each.Timestamp,
		WindowSeconds:   each.WindowSeconds,
		Value:           each.Value,
	}, nil
}
