{{/* What runs in one namespace under one name: a version, a Service. */}}
{{- define "application.checkNames" -}}
{{- $owners := dict }}
{{- $hosts := dict }}
{{- range $gateway, $values := .root.Values.gateways }}
{{- $namespace := include "application.namespace" (dict "root" $.root "values" $values) }}
{{- range $name := list $gateway (printf "%s.%s" $gateway $namespace) }}
{{- $_ := set $owners $name (printf "gateway %s" $gateway) }}
{{- end }}
{{- end }}
{{- range $key, $values := .root.Values.services }}
{{- $name := $values.name | default $key }}
{{- $namespace := include "application.namespace" (dict "root" $.root "values" $values) }}
{{- $host := printf "%s.%s" $name $namespace }}
{{- with get $hosts $host }}
{{- $_ := include "application.problem" (list $.found (printf "services: `%s` and `%s` are both %s.svc.cluster.local; give one of them another `name` or `namespace`" . $key $host)) }}
{{- else }}
{{- $_ := set $hosts $host $key }}
{{- end }}
{{- range $version, $_ := $values.versions }}
{{- $owner := printf "service %s in version %s" $key $version }}
{{- $others := list }}
{{- range $workload := list (printf "%s-%s" $key $version) (printf "%s-%s.%s" $name $version $namespace) }}
{{- $other := get $owners $workload | default $owner }}
{{- $_ := set $owners $workload $other }}
{{- if ne $other $owner }}{{ $others = append $others $other | uniq }}{{ end }}
{{- end }}
{{- range $others }}
{{- $_ := include "application.problem" (list $.found (printf "services: %s and %s would run under one name; rename one of them" . $owner)) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $gateway, $values := .root.Values.gateways }}
{{- $namespace := include "application.namespace" (dict "root" $.root "values" $values) }}
{{- $host := printf "%s.%s" $gateway $namespace }}
{{- with $values.labels.app }}
{{- $app := printf "%s.%s" . $namespace }}
{{- if and (ne . $gateway) (hasKey $hosts $app) }}
{{- $_ := include "application.problem" (list $.found (printf "gateways.%s.labels: by `app: %s` the pods of another are found on Kubernetes; give it another `app`" $gateway .)) }}
{{- end }}
{{- $_ := set $hosts $app $gateway }}
{{- end }}
{{- if or (hasKey $.root.Values.services $gateway) (hasKey $hosts $host) }}
{{- $_ := include "application.problem" (list $.found (printf "gateways: `%s` is a service too; rename one of the two" $gateway)) }}
{{- end }}
{{- $_ := set $hosts $host $gateway }}
{{- end }}
{{- range $key, $values := .root.Values.services }}
{{- $instances := printf "%s-instances" ($values.name | default $key) }}
{{- if and $values.stateful (hasKey $hosts (printf "%s.%s" $instances (include "application.namespace" (dict "root" $.root "values" $values)))) }}
{{- $_ := include "application.problem" (list $.found (printf "services: `%s` is what the instances of the stateful %s are found by; rename one of the two" $instances $key)) }}
{{- end }}
{{- end }}
{{- if and (.root.Values.postgresql | default dict).bundled (hasKey $hosts (printf "postgresql.%s" .root.Values.namespace)) }}
{{- $_ := include "application.problem" (list .found "`postgresql` is what the bundled database is called; rename the service or gateway, or set postgresql.urlSecret instead of postgresql.bundled") }}
{{- end }}
{{- end }}
