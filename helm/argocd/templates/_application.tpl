{{/* What every application has. Waves: the next one begins when this one is healthy. */}}
{{- define "argocd.head" -}}
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  annotations:
    argocd.argoproj.io/sync-wave: {{ .wave | quote }}
  # What it made goes with it.
  finalizers: [resources-finalizer.argocd.argoproj.io]
{{- end }}

{{- define "argocd.tail" -}}
destination:
  server: {{ .root.Values.destination.server }}
  namespace: {{ .namespace }}
syncPolicy:
  automated: {prune: true, selfHeal: true}
  syncOptions: [CreateNamespace=true, ServerSideApply=true, RespectIgnoreDifferences=true]
  retry:
    limit: 5
    backoff: {duration: 10s, factor: 2, maxDuration: 3m}
{{- end }}
