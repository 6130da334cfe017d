{{/* What would meet under one name: found (what collects problems), root. */}}
{{- define "application.checkNames" -}}
{{- $_ := include "application.checkVersionNames" . }}
{{- $hosts := dict }}
{{- range $key, $values := .root.Values.services }}
{{- $host := include "application.host" (dict "root" $.root "name" ($values.name | default $key) "values" $values) }}
{{- with get $hosts $host }}
{{- $_ := include "application.problem" (list $.found (printf "services: `%s` and `%s` are both %s.svc.cluster.local; give one of them another `name` or `namespace`" . $key $host)) }}
{{- else }}
{{- $_ := set $hosts $host $key }}
{{- end }}
{{- end }}
{{- $_ := include "application.checkGatewayNames" (merge (dict "hosts" $hosts) .) }}
{{- range $key, $values := .root.Values.services }}
{{- $instances := printf "%s-instances" ($values.name | default $key) }}
{{- if and $values.stateful (hasKey $hosts (include "application.host" (dict "root" $.root "name" $instances "values" $values))) }}
{{- $_ := include "application.problem" (list $.found (printf "services: `%s` is what the instances of the stateful %s are found by; rename one of the two" $instances $key)) }}
{{- end }}
{{- end }}
{{- if and (.root.Values.postgresql | default dict).bundled (hasKey $hosts (printf "postgresql.%s" .root.Values.namespace)) }}
{{- $_ := include "application.problem" (list .found "`postgresql` is what the bundled database is called; rename the service or gateway, or set postgresql.urlSecret instead of postgresql.bundled") }}
{{- end }}
{{- end }}

{{/* Its name and namespace: root, name, values. */}}
{{- define "application.host" -}}
{{ .name }}.{{ include "application.namespace" . }}
{{- end }}

{{/* `a` in version `b-c` and `a-b` in version `c` would both be `a-b-c`: by the values' keys here, by names on Kubernetes. */}}
{{- define "application.checkVersionNames" -}}
{{- $owners := dict }}
{{- range $gateway, $values := .root.Values.gateways }}
{{- range $name := list $gateway (include "application.host" (dict "root" $.root "name" $gateway "values" $values)) }}
{{- $_ := set $owners $name (printf "gateway %s" $gateway) }}
{{- end }}
{{- end }}
{{- range $key, $values := .root.Values.services }}
{{- range $version, $_ := $values.versions }}
{{- $owner := printf "service %s in version %s" $key $version }}
{{- $name := printf "%s-%s" ($values.name | default $key) $version }}
{{- $others := list }}
{{- range $workload := list (printf "%s-%s" $key $version) (include "application.host" (dict "root" $.root "name" $name "values" $values)) }}
{{- $other := get $owners $workload | default $owner }}
{{- $_ := set $owners $workload $other }}
{{- if ne $other $owner }}{{ $others = append $others $other | uniq }}{{ end }}
{{- end }}
{{- range $others }}
{{- $_ := include "application.problem" (list $.found (printf "services: %s and %s would run under one name; rename one of them" . $owner)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A gateway is a Service, too, whose pods are found by their `app`. Adds to `hosts` what gateways take. */}}
{{- define "application.checkGatewayNames" -}}
{{- range $gateway, $values := .root.Values.gateways }}
{{- with $values.labels.app }}
{{- $app := include "application.host" (dict "root" $.root "name" . "values" $values) }}
{{- if and (ne . $gateway) (hasKey $.hosts $app) }}
{{- $_ := include "application.problem" (list $.found (printf "gateways.%s.labels: by `app: %s` the pods of another are found on Kubernetes; give it another `app`" $gateway .)) }}
{{- end }}
{{- $_ := set $.hosts $app $gateway }}
{{- end }}
{{- $host := include "application.host" (dict "root" $.root "name" $gateway "values" $values) }}
{{- if or (hasKey $.root.Values.services $gateway) (and (hasKey $.hosts $host) (ne (get $.hosts $host) $gateway)) }}
{{- $_ := include "application.problem" (list $.found (printf "gateways: `%s` is a service too; rename one of the two" $gateway)) }}
{{- end }}
{{- $_ := set $.hosts $host $gateway }}
{{- end }}
{{- end }}
