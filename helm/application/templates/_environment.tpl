{{/* What a program is told, the contract of README.md: the same variables as `mesh up` sets, with a cluster's addresses.
     A default stands only where the values have nothing of its name. Theirs come last, so that they may name the others
     by `$(NAME)`. */}}
{{- define "application.environment" -}}
{{- $port := include "application.firstPort" . -}}
{{- $own := include "application.ownVariables" . | fromJson -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: LISTEN_ADDR
  value: "0.0.0.0:{{ $port }}"
{{- if eq (.values.listen | default "unix") "tcp" }}
- name: PORT
  value: {{ $port | quote }}
{{- end }}
{{- range $name, $value := include "application.tcpAddresses" . | fromJson }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- if and .values.database (not (hasKey $own "DATABASE_URL")) }}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ include "application.databaseSecret" . }}
      key: {{ .service }}
{{- end }}
{{- range $name, $value := include "application.telemetryVariables" . | fromJson }}
{{- if not (hasKey $own $name) }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- range $name, $value := $own }}
- name: {{ $name | quote }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{/* The values' own variables as texts, as JSON; the version's win, also those that are empty or false. */}}
{{- define "application.ownVariables" -}}
{{- $own := dict -}}
{{- range $variables := list .values.env .own.env -}}
{{- range $name, $value := $variables -}}
{{- $_ := set $own $name (include "application.setting" $value) -}}
{{- end -}}
{{- end -}}
{{- toJson $own -}}
{{- end -}}

{{/* A text as it is; a number in digits and not by a power of ten, which is how JSON has it. */}}
{{- define "application.setting" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toJson . }}{{ end -}}
{{- end -}}

{{/* OpenTelemetry's, as JSON. */}}
{{- define "application.telemetryVariables" -}}
{{- $told := dict "OTEL_SERVICE_NAME" .service "OTEL_PROPAGATORS" "tracecontext,baggage" -}}
{{- $_ := set $told "OTEL_RESOURCE_ATTRIBUTES" (printf "service.version=%s,service.instance.id=$(POD_NAME)" .version) -}}
{{- with (.root.Values.tracing | default dict).endpoint -}}
{{- $_ := set $told "OTEL_EXPORTER_OTLP_ENDPOINT" . -}}
{{- $_ := set $told "OTEL_EXPORTER_OTLP_PROTOCOL" "grpc" -}}
{{- end -}}
{{- toJson $told -}}
{{- end -}}

{{/* Where to dial each TCP port of the application and of hosts its policies add, by the names `mesh up` uses, as JSON. */}}
{{- define "application.tcpAddresses" -}}
{{- $addresses := include "application.addedAddresses" .root | fromJson -}}
{{- $here := include "application.namespace" . -}}
{{- range $key, $values := .root.Values.services -}}
{{- $name := $values.name | default $key -}}
{{- $there := include "application.namespace" (dict "root" $.root "values" $values) -}}
{{- range $port, $number := $values.ports -}}
{{- if not (get (include "application.protocols" $ | fromJson) (include "application.protocol" $port)) -}}
{{- $host := ternary $name (printf "%s.%s" $name $there) (eq $here $there) -}}
{{- $_ := set $addresses (include "application.addressVariable" (dict "host" $host "port" $number)) (printf "%s:%d" $host (int $number)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $addresses -}}
{{- end -}}

{{/* MESH_TCP_NATS_4222. */}}
{{- define "application.addressVariable" -}}
MESH_TCP_{{ regexReplaceAll "[^A-Z0-9]" (upper .host) "_" }}_{{ int .port }}
{{- end -}}
