{{- define "pentad.name" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{- define "pentad.account" -}}
{{- .Values.serviceAccount.name | default (include "pentad.name" .) -}}
{{- end }}

{{- define "pentad.selector" -}}
app.kubernetes.io/name: pentad
app.kubernetes.io/instance: {{ include "pentad.name" . }}
{{- end }}

{{- define "pentad.labels" -}}
{{ include "pentad.selector" . }}
app.kubernetes.io/part-of: pentad
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "pentad.image" -}}
{{- $image := printf "%s/%s" .Values.image.registry .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $image .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end }}

{{- /* All that is granted, with the names of this release in it. */ -}}
{{- define "pentad.grants" -}}
{{- .Files.Get "files/grants.yaml" | replace "@NAMESPACE@" .Release.Namespace | replace "@NAME@" (include "pentad.name" .) -}}
{{- end }}

{{- /* The chosen families as a list; a family that does not exist ends the rendering. */ -}}
{{- define "pentad.families" -}}
{{- $known := (include "pentad.grants" . | fromYaml).families | keys | sortAlpha -}}
{{- range .Values.families -}}
{{- if not (has . $known) -}}
{{- fail (printf "families: there is no %q; known: %s" . (join ", " $known)) -}}
{{- end -}}
{{- end -}}
{{- dict "chosen" (.Values.families | default $known) | toYaml -}}
{{- end }}

{{- /* The entries of the chosen families' webhooks by mode; none where there is nobody to serve them. */ -}}
{{- define "pentad.webhooks" -}}
{{- $families := (include "pentad.grants" . | fromYaml).families -}}
{{- $validating := list -}}
{{- $mutating := list -}}
{{- if not .Values.namespaces -}}
{{- range (include "pentad.families" . | fromYaml).chosen -}}
{{- $validating = concat $validating (get $families .).validating -}}
{{- $mutating = concat $mutating (get $families .).mutating -}}
{{- end -}}
{{- end -}}
{{- dict "Validating" $validating "Mutating" $mutating "any" (gt (add (len $validating) (len $mutating)) 0) | toYaml -}}
{{- end }}

{{- /* A role and its binding: root, kind, part, rules, namespace (for a Role). */ -}}
{{- define "pentad.granted" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}
metadata:
  name: {{ include "pentad.name" .root }}-{{ .part }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "pentad.labels" .root | nindent 4 }}
rules:
  {{- toYaml .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  name: {{ include "pentad.name" .root }}-{{ .part }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "pentad.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ include "pentad.name" .root }}-{{ .part }}
subjects:
  - kind: ServiceAccount
    name: {{ include "pentad.account" .root }}
    namespace: {{ .root.Release.Namespace }}
---
{{ end }}
