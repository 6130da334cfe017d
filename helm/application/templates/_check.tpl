{{/* What would install and then not work is refused here. */}}
{{- define "application.check" -}}
{{- if not .Values.namespace }}
{{- fail "`namespace` is required: give your values file with -f; it is the one `mesh up --values` runs" }}
{{- end }}
{{- if ne .Release.Namespace .Values.namespace }}
{{- fail (printf "the policies name identities in namespace %s: install there, with --namespace %s --create-namespace" .Values.namespace .Values.namespace) }}
{{- end }}
{{- if not .Values.services }}
{{- fail "`services` has at least one service: give your values file with -f" }}
{{- end }}
{{- range $service, $values := .Values.services }}
{{- if and $values.stateful (gt (len $values.versions) 1) }}
{{- fail (printf "services.%s: a stateful service has one version on Kubernetes: two would share its instances' names" $service) }}
{{- end }}
{{- if and $values.database (not $.Values.postgresql) }}
{{- fail (printf "services.%s keeps data: set postgresql.bundled=true to try it out, or postgresql.urlSecret to the Secret that holds a URL for each service" $service) }}
{{- end }}
{{- end }}
{{- end }}

{{/* The autoscaling settings of a version as JSON, nothing where there are none or it is switched off. */}}
{{- define "application.autoscaling" -}}
{{- if ne (toString .own.replicas) "0" }}
{{- with .own.autoscaling | default .values.autoscaling }}{{ toJson . }}{{ end }}
{{- end }}
{{- end }}
