// The HorizontalPodAutoscaler controller of Kubernetes, asked about cases that are read from standard
// input: one JSON object a line in, one a line out. Built beside a copy of the controller's own files
// whose clock is replaced by Now (see build.py), so it is that code which answers.

package podautoscaler

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	v1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	autoscalingclient "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	corelisters "k8s.io/client-go/listers/core/v1"
	scaleclient "k8s.io/client-go/scale"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	defaults "k8s.io/kubernetes/pkg/apis/autoscaling/v2"
	metricsclient "k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
	"k8s.io/kubernetes/pkg/controller/podautoscaler/monitor"
	"k8s.io/kubernetes/pkg/controller/util/selectors"
)

const namespace, name = "ns", "app"

var now time.Time

// Now is the clock that the controller's files are made to read.
func Now() time.Time { return now }

func at(nanoseconds int64) time.Time { return time.Unix(0, nanoseconds) }

type podCase struct {
	Name     string `json:"name"`
	Phase    string `json:"phase"`
	Deleting bool   `json:"deleting"`
	Ready    string `json:"ready"`
	ReadyAt  int64  `json:"readyAt"`
	Started  *int64 `json:"started"`
	Request  *int64 `json:"request"`
}

type sampleCase struct {
	Value  int64 `json:"value"`
	At     int64 `json:"at"`
	Window int64 `json:"window"`
}

// A single decision of one metric.
type single struct {
	Kind     string                `json:"kind"`
	Resource string                `json:"resource"`
	Current  int32                 `json:"current"`
	Shown    int32                 `json:"shown"`
	Target   int64                 `json:"target"`
	Value    int64                 `json:"value"`
	Down     float64               `json:"down"`
	Up       float64               `json:"up"`
	Now      int64                 `json:"now"`
	Pods     []podCase             `json:"pods"`
	Samples  map[string]sampleCase `json:"samples"`
}

type policyCase struct {
	Type   string `json:"type"`
	Value  int32  `json:"value"`
	Period int32  `json:"period"`
}

type rulesCase struct {
	Window   *int32       `json:"window"`
	Select   *string      `json:"select"`
	Policies []policyCase `json:"policies"`
}

type pass struct {
	Now    int64    `json:"now"`
	Spec   *int32   `json:"spec"`
	Ready  int      `json:"ready"`
	Values []*int64 `json:"values"`
}

// A sequence of whole passes of one autoscaler, each some time after the one before.
type sequence struct {
	Kind      string     `json:"kind"`
	Min       int32      `json:"min"`
	Max       int32      `json:"max"`
	Targets   []int64    `json:"targets"`
	Behaviour bool       `json:"behaviour"`
	Up        *rulesCase `json:"up"`
	Down      *rulesCase `json:"down"`
	Start     int32      `json:"start"`
	Passes    []pass     `json:"passes"`
}

type answer struct {
	Replicas    int32   `json:"replicas"`
	Utilization int32   `json:"utilization"`
	Average     int64   `json:"average"`
	Error       string  `json:"error,omitempty"`
	Sequence    []int32 `json:"sequence,omitempty"`
	Failed      []bool  `json:"failed,omitempty"`
}

// Metrics as a case has them.
type given struct {
	samples  map[string]sampleCase
	value    int64
	external map[string]*int64
}

func (g *given) perPod() metricsclient.PodMetricsInfo {
	found := metricsclient.PodMetricsInfo{}
	for name, each := range g.samples {
		found[name] = metricsclient.PodMetric{Timestamp: at(each.At), Window: time.Duration(each.Window), Value: each.Value}
	}
	return found
}

func (g *given) GetResourceMetric(context.Context, v1.ResourceName, string, labels.Selector, string) (metricsclient.PodMetricsInfo, time.Time, error) {
	return g.perPod(), now, nil
}

func (g *given) GetRawMetric(string, string, labels.Selector, labels.Selector) (metricsclient.PodMetricsInfo, time.Time, error) {
	return g.perPod(), now, nil
}

func (g *given) GetObjectMetric(string, string, *autoscalingv2.CrossVersionObjectReference, labels.Selector) (int64, time.Time, error) {
	return g.value, now, nil
}

func (g *given) GetExternalMetric(metric, _ string, _ labels.Selector) ([]int64, time.Time, error) {
	value := &g.value
	if g.external != nil {
		value = g.external[metric]
	}
	if value == nil {
		return nil, time.Time{}, errors.New("nobody knows")
	}
	return []int64{*value}, now, nil
}

func lister(pods []*v1.Pod) corelisters.PodLister {
	indexer := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	for _, pod := range pods {
		if err := indexer.Add(pod); err != nil {
			panic(err)
		}
	}
	return corelisters.NewPodLister(indexer)
}

func made(each podCase, resourceName v1.ResourceName) *v1.Pod {
	pod := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: each.Name, Namespace: namespace, Labels: map[string]string{"app": name}}}
	pod.Status.Phase = v1.PodPhase(each.Phase)
	if each.Deleting {
		pod.DeletionTimestamp = &metav1.Time{Time: now}
	}
	if each.Ready != "" {
		pod.Status.Conditions = []v1.PodCondition{{Type: v1.PodReady, Status: v1.ConditionStatus(each.Ready), LastTransitionTime: metav1.Time{Time: at(each.ReadyAt)}}}
	}
	if each.Started != nil {
		pod.Status.StartTime = &metav1.Time{Time: at(*each.Started)}
	}
	container := v1.Container{Name: "c"}
	if each.Request != nil {
		container.Resources.Requests = v1.ResourceList{resourceName: *resource.NewMilliQuantity(*each.Request, resource.DecimalSI)}
	}
	pod.Spec.Containers = []v1.Container{container}
	return pod
}

func decide(line []byte) (found answer) {
	var asked single
	if err := json.Unmarshal(line, &asked); err != nil {
		panic(err)
	}
	now = at(asked.Now)
	resourceName := v1.ResourceName(asked.Resource)
	pods := make([]*v1.Pod, 0, len(asked.Pods))
	for _, each := range asked.Pods {
		pods = append(pods, made(each, resourceName))
	}
	calculator := NewReplicaCalculator(&given{samples: asked.Samples, value: asked.Value}, lister(pods), 5*time.Minute, 30*time.Second)
	tolerances := Tolerances{scaleDown: asked.Down, scaleUp: asked.Up}
	selector := labels.SelectorFromSet(labels.Set{"app": name})
	reference := &autoscalingv2.CrossVersionObjectReference{Kind: "Service", Name: "s"}
	ctx := context.Background()
	var err error
	switch asked.Kind {
	case "utilization":
		found.Replicas, found.Utilization, found.Average, _, err = calculator.GetResourceReplicas(ctx, asked.Current, int32(asked.Target), resourceName, tolerances, namespace, selector, "")
	case "resource":
		found.Replicas, found.Average, _, err = calculator.GetRawResourceReplicas(ctx, asked.Current, asked.Target, resourceName, tolerances, namespace, selector, "")
	case "pods":
		found.Replicas, found.Average, _, err = calculator.GetMetricReplicas(asked.Current, asked.Target, "m", tolerances, namespace, selector, labels.Everything())
	case "object":
		found.Replicas, found.Average, _, err = calculator.GetObjectMetricReplicas(asked.Current, asked.Target, "m", tolerances, namespace, reference, selector, labels.Everything())
	case "object-average":
		found.Replicas, found.Average, _, err = calculator.GetObjectPerPodMetricReplicas(asked.Shown, asked.Target, "m", tolerances, namespace, reference, labels.Everything())
	case "external":
		found.Replicas, found.Average, _, err = calculator.GetExternalMetricReplicas(asked.Current, asked.Target, "m", tolerances, namespace, &metav1.LabelSelector{}, selector)
	case "external-average":
		found.Replicas, found.Average, _, err = calculator.GetExternalPerPodMetricReplicas(asked.Shown, asked.Target, "m", tolerances, namespace, &metav1.LabelSelector{})
	default:
		panic("no kind " + asked.Kind)
	}
	if err != nil {
		return answer{Error: err.Error()}
	}
	return found
}

// The scale of the one target.
type scales struct {
	spec, status int32
}

func (s *scales) Scales(string) scaleclient.ScaleInterface { return s }

func (s *scales) Get(context.Context, schema.GroupResource, string, metav1.GetOptions) (*autoscalingv1.Scale, error) {
	return &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Spec:       autoscalingv1.ScaleSpec{Replicas: s.spec},
		Status:     autoscalingv1.ScaleStatus{Replicas: s.status, Selector: "app=" + name},
	}, nil
}

func (s *scales) Update(_ context.Context, _ schema.GroupResource, scale *autoscalingv1.Scale, _ metav1.UpdateOptions) (*autoscalingv1.Scale, error) {
	s.spec = scale.Spec.Replicas
	return scale, nil
}

func (s *scales) Patch(context.Context, schema.GroupVersionResource, string, types.PatchType, []byte, metav1.PatchOptions) (*autoscalingv1.Scale, error) {
	return nil, errors.New("nobody patches")
}

type mapper struct{ apimeta.RESTMapper }

func (mapper) RESTMappings(kind schema.GroupKind, _ ...string) ([]*apimeta.RESTMapping, error) {
	return []*apimeta.RESTMapping{{Resource: schema.GroupVersionResource{Group: kind.Group, Version: "v1", Resource: "deployments"}}}, nil
}

type autoscalers struct {
	autoscalingclient.HorizontalPodAutoscalersGetter
	autoscalingclient.HorizontalPodAutoscalerInterface
	status *autoscalingv2.HorizontalPodAutoscalerStatus
}

func (a *autoscalers) HorizontalPodAutoscalers(string) autoscalingclient.HorizontalPodAutoscalerInterface {
	return a
}

func (a *autoscalers) UpdateStatus(_ context.Context, hpa *autoscalingv2.HorizontalPodAutoscaler, _ metav1.UpdateOptions) (*autoscalingv2.HorizontalPodAutoscaler, error) {
	hpa.Status.DeepCopyInto(a.status)
	return hpa, nil
}

type nobody struct{ record.EventRecorder }

func (nobody) Event(runtime.Object, string, string, string)                  {}
func (nobody) Eventf(runtime.Object, string, string, string, ...interface{}) {}

type unwatched struct{}

func (unwatched) ObserveReconciliationResult(monitor.ActionLabel, monitor.ErrorLabel, time.Duration) {
}
func (unwatched) ObserveMetricComputationResult(monitor.ActionLabel, monitor.ErrorLabel, time.Duration, autoscalingv2.MetricSourceType) {
}
func (unwatched) ObserveHPAAddition()                          {}
func (unwatched) ObserveHPADeletion()                          {}
func (unwatched) ObserveDesiredReplicas(string, string, int32) {}

func rules(given *rulesCase) *autoscalingv2.HPAScalingRules {
	if given == nil {
		return nil
	}
	found := &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: given.Window}
	if given.Select != nil {
		choice := autoscalingv2.ScalingPolicySelect(*given.Select)
		found.SelectPolicy = &choice
	}
	for _, each := range given.Policies {
		found.Policies = append(found.Policies, autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.HPAScalingPolicyType(each.Type), Value: each.Value, PeriodSeconds: each.Period})
	}
	return found
}

func play(line []byte) answer {
	var asked sequence
	if err := json.Unmarshal(line, &asked); err != nil {
		panic(err)
	}
	hpa := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}}
	hpa.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name}
	hpa.Spec.MinReplicas, hpa.Spec.MaxReplicas = &asked.Min, asked.Max
	for index, target := range asked.Targets {
		hpa.Spec.Metrics = append(hpa.Spec.Metrics, autoscalingv2.MetricSpec{
			Type: autoscalingv2.ExternalMetricSourceType,
			External: &autoscalingv2.ExternalMetricSource{
				Metric: autoscalingv2.MetricIdentifier{Name: strconv.Itoa(index)},
				Target: autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: resource.NewMilliQuantity(target, resource.DecimalSI)},
			},
		})
	}
	if asked.Behaviour {
		hpa.Spec.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: rules(asked.Up), ScaleDown: rules(asked.Down)}
	}
	defaults.SetDefaults_HorizontalPodAutoscaler(hpa)
	scale := &scales{spec: asked.Start, status: asked.Start}
	metrics := &given{}
	controller := &HorizontalController{
		scaleNamespacer:              scale,
		hpaNamespacer:                &autoscalers{status: &hpa.Status},
		mapper:                       mapper{},
		tolerance:                    0.1,
		eventRecorder:                nobody{},
		downscaleStabilisationWindow: 5 * time.Minute,
		monitor:                      unwatched{},
		recommendations:              map[string][]timestampedRecommendation{},
		recommendationsLock:          sync.Mutex{},
		scaleUpEvents:                map[string][]timestampedScaleEvent{},
		scaleDownEvents:              map[string][]timestampedScaleEvent{},
		hpaSelectors:                 selectors.NewBiMultimap(),
	}
	var found answer
	for _, each := range asked.Passes {
		now = at(each.Now)
		if each.Spec != nil {
			scale.spec = *each.Spec
		}
		scale.status = scale.spec
		metrics.external = map[string]*int64{}
		for index, value := range each.Values {
			metrics.external[strconv.Itoa(index)] = value
		}
		pods := make([]*v1.Pod, 0, each.Ready+1)
		for number := range each.Ready + 1 {
			ready := "True"
			if number == each.Ready {
				ready = "False" // one that is not: without any pod there is no answer
			}
			pods = append(pods, made(podCase{Name: fmt.Sprint(number), Phase: "Running", Ready: ready}, "cpu"))
		}
		controller.podLister = lister(pods)
		controller.replicaCalc = NewReplicaCalculator(metrics, controller.podLister, 5*time.Minute, 30*time.Second)
		err := controller.reconcileAutoscaler(context.Background(), hpa.DeepCopy(), namespace+"/"+name)
		found.Sequence = append(found.Sequence, scale.spec)
		found.Failed = append(found.Failed, err != nil)
	}
	return found
}

// Serve answers until there is no more to read.
func Serve() {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	utilruntime.ErrorHandlers = nil // they would have it wait after each
	reader := bufio.NewReaderSize(os.Stdin, 1<<20)
	writer := bufio.NewWriterSize(os.Stdout, 1<<20)
	encoder := json.NewEncoder(writer)
	for {
		line, err := reader.ReadBytes('\n')
		if len(line) > 1 {
			var kind struct {
				Kind string `json:"kind"`
			}
			if err := json.Unmarshal(line, &kind); err != nil {
				panic(err)
			}
			found := answer{}
			if kind.Kind == "sequence" {
				found = play(line)
			} else {
				found = decide(line)
			}
			if err := encoder.Encode(found); err != nil {
				panic(err)
			}
		}
		if reader.Buffered() == 0 {
			if err := writer.Flush(); err != nil {
				panic(err)
			}
		}
		if err != nil {
			return
		}
	}
}
