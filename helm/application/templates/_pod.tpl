{{/* A pod of one version. Its sidecar is a native one: it starts before the program and ends after it. */}}
{{- define "application.pod" -}}
metadata:
  labels:
    {{- include "application.selector" . | nindent 4 }}
    {{- include "application.podLabels" . | nindent 4 }}
    sidecar.istio.io/inject: "true"
    {{- range $name, $value := merge (dict) (.own.labels | default dict) (.values.labels | default dict) (.values.podLabels | default dict) }}
    {{ $name | quote }}: {{ $value | quote }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: program
    {{- include "application.statistics" .root | nindent 4 }}
    {{- with .values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "application.serviceAccount" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .values.terminationGracePeriodSeconds | default 45 }}
  securityContext:
    {{- include "application.podSecurity" . | nindent 4 }}
  {{- with include "application.imagePullSecrets" .root }}{{ . | nindent 2 }}{{ end }}
  topologySpreadConstraints:
    {{- if .values.topologySpreadConstraints }}
    {{- toYaml .values.topologySpreadConstraints | nindent 4 }}
    {{- else }}
    {{- range $where := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - maxSkew: 1
      topologyKey: {{ $where }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "application.selector" $ | nindent 10 }}
    {{- end }}
    {{- end }}
  {{- range $key := list "nodeSelector" "tolerations" "affinity" }}
  {{- with index $.values $key }}
  {{ $key }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  {{- with .values.migrate }}
  initContainers:
    - name: migrate
      image: {{ include "application.image" $ | quote }}
      imagePullPolicy: {{ include "application.pullPolicy" $ }}
      command:
        {{- toYaml . | nindent 8 }}
      env:
        {{- include "application.environment" $ | nindent 8 }}
      securityContext:
        {{- include "application.containerSecurity" $ | nindent 8 }}
      resources:
        {{- include "application.resources" $ | nindent 8 }}
      volumeMounts:
        - name: scratch
          mountPath: /tmp
  {{- end }}
  containers:
    - name: program
      image: {{ include "application.image" . | quote }}
      imagePullPolicy: {{ include "application.pullPolicy" . }}
      command:
        {{- toYaml (.own.command | default .values.command) | nindent 8 }}
      env:
        {{- include "application.environment" . | nindent 8 }}
      ports:
        - containerPort: {{ include "application.firstPort" . }}
      {{- include "application.probes" . | nindent 6 }}
      lifecycle:
        preStop:
          # Callers learn that the pod is going before it stops taking calls.
          sleep:
            seconds: 5
      securityContext:
        {{- include "application.containerSecurity" . | nindent 8 }}
      resources:
        {{- include "application.resources" . | nindent 8 }}
      volumeMounts:
        - name: scratch
          mountPath: /tmp
  volumes:
    - name: scratch
      emptyDir:
        sizeLimit: 64Mi
{{- end }}

{{- define "application.resources" -}}
{{- toYaml (.own.resources | default .values.resources | default .root.Values.resources | default (dict "requests" (dict "cpu" "50m" "memory" "128Mi" "ephemeral-storage" "64Mi") "limits" (dict "memory" "256Mi" "ephemeral-storage" "256Mi"))) }}
{{- end }}

{{/* Native probes of the kind that `health` names; Istio sends them past mutual TLS. */}}
{{- define "application.probes" -}}
{{- $health := .values.health | default (ternary "grpc" "tcp" (eq (include "application.speaksHTTP" .) "true")) -}}
{{- $port := include "application.firstPort" . -}}
{{- if ne $health "none" }}
startupProbe:
  {{- include "application.probe" (dict "health" $health "port" $port) | nindent 2 }}
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: 120
readinessProbe:
  # Patient: on a busy node an answer comes late. Taken out of service for that, the last instance fails every call, where
  # callers only wait; one that is gone they pass over themselves, by retries and ejection. Three answers that do not come
  # take 15 s, three that say no 6 s at most.
  {{- include "application.probe" (dict "health" $health "port" $port) | nindent 2 }}
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 3
livenessProbe:
  # A program that cannot answer for what it depends on is not ready; that it takes connections shows that it lives.
  {{- include "application.probe" (dict "health" (ternary "grpc" "tcp" (eq $health "grpc")) "port" $port) | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end }}
{{- end }}

{{- define "application.probe" -}}
{{- if hasPrefix "http:" .health -}}
httpGet:
  path: {{ trimPrefix "http:" .health }}
  port: {{ .port }}
{{- else if eq .health "tcp" -}}
tcpSocket:
  port: {{ .port }}
{{- else -}}
grpc:
  port: {{ .port }}
{{- end }}
{{- end }}
