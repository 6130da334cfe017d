{{/* Dicts as arguments: root (the chart's `.`), service (name), version (name), values (of the service), own (of the version). */}}

{{- define "application.labels" -}}
{{ include "application.podLabels" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* Without the chart's version: a new chart alone starts no pod anew. */}}
{{- define "application.podLabels" -}}
app.kubernetes.io/part-of: {{ .root.Values.namespace }}
{{- end }}

{{- define "application.namespace" -}}
{{ .values.namespace | default .root.Values.namespace }}
{{- end }}

{{/* All in which something runs, as JSON. */}}
{{- define "application.namespaces" -}}
{{- $found := list .Values.namespace -}}
{{- range $things := list .Values.services .Values.gateways -}}
{{- range $_, $values := $things -}}
{{- with $values.namespace }}{{ $found = append $found . | uniq }}{{ end -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end }}

{{- define "application.serviceAccount" -}}
{{ .values.serviceAccount | default .service }}
{{- end }}

{{/* What selects the pods of a service, and with a version those of the version. A gateway may have an `app` of its own. */}}
{{- define "application.selector" -}}
app: {{ (.values.labels | default dict).app | default .service | quote }}
{{- with .version }}
version: {{ . | quote }}
{{- end }}
{{- end }}

{{- define "application.image" -}}
{{- $image := merge (dict) (.own.image | default dict) (.values.image | default dict) (.root.Values.image | default dict) -}}
{{ $image.repository }}
{{- with $image.digest }}@{{ . }}{{ else }}:{{ $image.tag | default $.root.Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "application.repository" -}}
{{- range list (.own.image | default dict) (.values.image | default dict) (.root.Values.image | default dict) }}{{ .repository | default "" }}{{ end -}}
{{- end }}

{{- define "application.imagePullSecrets" -}}
{{- with .Values.imagePullSecrets -}}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "application.pullPolicy" -}}
{{- $image := merge (dict) (.own.image | default dict) (.values.image | default dict) (.root.Values.image | default dict) -}}
{{ $image.pullPolicy | default "IfNotPresent" }}
{{- end }}

{{/* The one port a program listens on, as on the laptop: the Service sends all its ports there. */}}
{{- define "application.firstPort" -}}
{{- $numbers := list -}}
{{- range $name, $number := .values.ports }}{{ $numbers = append $numbers (int $number) }}{{ end -}}
{{ first $numbers }}
{{- end }}

{{/* The part of a port's name before the first `-`, as Istio reads it. */}}
{{- define "application.protocol" -}}
{{ first (splitList "-" .) }}
{{- end }}

{{/* What the names of ports may begin with, as JSON, and whether requests can be told apart there. */}}
{{- define "application.protocols" -}}
{"grpc": true, "http": true, "http2": true, "https": false, "mongo": false, "mysql": false, "redis": false, "tcp": false, "tls": false}
{{- end }}

{{- define "application.speaksHTTP" -}}
{{- $speaks := false -}}
{{- range $name, $_ := .values.ports -}}
{{- if get (include "application.protocols" $ | fromJson) (include "application.protocol" $name) }}{{ $speaks = true }}{{ end -}}
{{- end -}}
{{ $speaks }}
{{- end }}

{{- define "application.databaseSecret" -}}
{{- if and .root.Values.postgresql .root.Values.postgresql.urlSecret -}}
{{ .root.Values.postgresql.urlSecret }}
{{- else -}}
postgresql-urls
{{- end -}}
{{- end }}

{{- define "application.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "application.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}
