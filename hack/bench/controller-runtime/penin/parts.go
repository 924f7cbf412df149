package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var (
	cpu    = resource.MustParse("10m")
	memory = resource.MustParse("16Mi")
)

// part is one of the five things that run in a cluster.
type part struct {
	cluster, label, name, portName, image string

	port, replicas int32
	labels         map[string]string
	told           any // the sections of the config that it reads
	openai, redis  bool
}

func parts(c *PeninOmegaCluster) []part {
	config, replicas := c.Spec.Config, c.Spec.Replicas
	made := []part{
		{label: "redis", port: 6379, replicas: 1, redis: true},
		{label: "sigma-guard", port: 8011, replicas: replicas.SigmaGuard, told: config.SigmaGuard},
		{label: "sr-omega-infinity", port: 8012, replicas: replicas.SrOmegaInfinity, told: config.CaosPlus},
		{label: "acfa-league", port: 8013, replicas: replicas.AcfaLeague, openai: true,
			told: []any{config.BudgetDailyUsd, config.Evolution}},
		{label: "omega-meta", port: 8010, replicas: replicas.OmegaMeta, openai: true,
			told: []any{config.BudgetDailyUsd, config.CaosPlus, config.Evolution}},
	}
	for i := range made {
		each := &made[i]
		each.cluster, each.name, each.portName = c.Name, c.Name+"-"+each.label, "http"
		each.labels = map[string]string{"app": "penin-omega", "cluster": c.Name, "service": each.label}
		each.image = c.Spec.Images.Registry + "/penin-" + each.label + ":" + c.Spec.Version
		if each.redis {
			each.portName, each.image = "redis", "docker.io/library/redis:7.4-alpine"
		}
	}
	return made
}

func (p part) strategy() appsv1.DeploymentStrategy {
	if p.redis {
		return appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
	}
	return appsv1.DeploymentStrategy{
		Type: appsv1.RollingUpdateDeploymentStrategyType,
		RollingUpdate: &appsv1.RollingUpdateDeployment{
			MaxSurge: new(intstr.FromInt32(1)), MaxUnavailable: new(intstr.FromInt32(0)),
		},
	}
}

// annotations make pods follow their settings, and tell Prometheus of them.
func (p part) annotations() map[string]string {
	if p.redis {
		return nil
	}
	raw, _ := json.Marshal(p.told) // plain numbers: cannot fail
	sum := sha256.Sum256(raw)
	return map[string]string{
		"penin.ai/config":      hex.EncodeToString(sum[:8]),
		"prometheus.io/scrape": "true",
		"prometheus.io/path":   "/metrics",
	}
}

// fill writes the fields of ours, with the defaults that the server would put into structures that
// are replaced whole, so that nothing differs when nothing is to change.
func (p part) fill(pod *corev1.PodSpec) {
	pod.AutomountServiceAccountToken = new(false)
	pod.TerminationGracePeriodSeconds = new(int64(30))
	pod.SecurityContext = &corev1.PodSecurityContext{
		RunAsNonRoot: new(true), RunAsUser: new(int64(65532)), RunAsGroup: new(int64(65532)),
		FSGroup:        new(int64(65532)),
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
	pod.Volumes = []corev1.Volume{
		{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
	}
	if len(pod.Containers) != 1 {
		pod.Containers = make([]corev1.Container, 1)
	}
	container := &pod.Containers[0]
	container.Name, container.Image = p.label, p.image
	container.ImagePullPolicy = corev1.PullIfNotPresent
	container.Ports = []corev1.ContainerPort{
		{Name: p.portName, ContainerPort: p.port, Protocol: corev1.ProtocolTCP},
	}
	amounts := corev1.ResourceList{corev1.ResourceCPU: cpu, corev1.ResourceMemory: memory}
	container.Resources = corev1.ResourceRequirements{Requests: amounts, Limits: amounts}
	container.SecurityContext = &corev1.SecurityContext{
		AllowPrivilegeEscalation: new(false), ReadOnlyRootFilesystem: new(true),
		Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
	container.VolumeMounts = []corev1.VolumeMount{{Name: "tmp", MountPath: "/tmp"}}
	container.Env = p.environment()
	container.StartupProbe = p.probe(1, 1, 120)
	container.ReadinessProbe = p.probe(5, 3, 3)
	container.LivenessProbe = p.probe(10, 5, 6)
}

func (p part) environment() []corev1.EnvVar {
	found := []corev1.EnvVar{
		{Name: "PENIN_CLUSTER", Value: p.cluster},
		{Name: "PENIN_SERVICE", Value: p.label},
		{Name: "PENIN_NAMESPACE", ValueFrom: &corev1.EnvVarSource{
			FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"},
		}},
	}
	if p.openai {
		found = append(found, secret("OPENAI_API_KEY", "penin-secrets", "openai-api-key"))
	}
	return append(found, secret("REDIS_PASSWORD", p.cluster+"-redis", "redis-password"))
}

func secret(variable, name, key string) corev1.EnvVar {
	return corev1.EnvVar{Name: variable, ValueFrom: &corev1.EnvVarSource{
		SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key, Optional: new(true),
		},
	}}
}

func (p part) probe(period, timeout, failures int32) *corev1.Probe {
	probe := &corev1.Probe{
		PeriodSeconds: period, TimeoutSeconds: timeout, FailureThreshold: failures, SuccessThreshold: 1,
	}
	if p.redis {
		probe.Exec = &corev1.ExecAction{Command: []string{"redis-cli", "ping"}}
		return probe
	}
	probe.HTTPGet = &corev1.HTTPGetAction{
		Path: "/health", Port: intstr.FromString("http"), Scheme: corev1.URISchemeHTTP,
	}
	return probe
}
