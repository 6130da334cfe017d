{{/* What a program is told, the contract of README.md: the same variables as `mesh up` sets, with a cluster's addresses.
     The values' own variables stand last and win, except over the addresses. */}}
{{- define "application.environment" -}}
{{- $port := include "application.firstPort" . -}}
{{- $own := merge (dict) (.own.env | default dict) (.values.env | default dict) -}}
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
{{- $addresses := include "application.tcpAddresses" . | fromJson }}
{{- range $name, $value := $addresses }}
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
- name: OTEL_SERVICE_NAME
  value: {{ $own.OTEL_SERVICE_NAME | default .service | quote }}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: {{ $own.OTEL_RESOURCE_ATTRIBUTES | default (printf "service.version=%s,service.instance.id=$(POD_NAME)" .version) | quote }}
- name: OTEL_PROPAGATORS
  value: {{ $own.OTEL_PROPAGATORS | default "tracecontext,baggage" | quote }}
{{- with (.root.Values.tracing | default dict).endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
- name: OTEL_EXPORTER_OTLP_PROTOCOL
  value: grpc
{{- end }}
{{- range $name, $value := omit $own "OTEL_SERVICE_NAME" "OTEL_RESOURCE_ATTRIBUTES" "OTEL_PROPAGATORS" "LISTEN_ADDR" "PORT" "HOSTNAME" "MESH_OUTBOUND" "POD_NAME" }}
{{- if not (hasKey $addresses $name) }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Where to dial each TCP port of the application and of hosts its policies add, by the names `mesh up` uses, as JSON. */}}
{{- define "application.tcpAddresses" -}}
{{- $addresses := include "application.addedAddresses" .root | fromJson -}}
{{- $here := include "application.namespace" . -}}
{{- range $key, $values := .root.Values.services -}}
{{- $name := $values.name | default $key -}}
{{- $there := include "application.namespace" (dict "root" $.root "values" $values) -}}
{{- range $port, $number := $values.ports -}}
{{- if has (include "application.protocol" $port) (list "tcp" "tls" "https" "mongo" "mysql" "redis") -}}
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
