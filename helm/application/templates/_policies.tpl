{{/* Policies by name, as JSON: the files in the chart's folder `policies`, and those given with --set-file. The mesh
     config and the values in install/ are for whoever installs Istio. */}}
{{- define "application.policies" -}}
{{- $policies := dict -}}
{{- range $path, $_ := .Files.Glob "policies/**.{json,yaml,yml}" -}}
{{- if not (or (eq (base $path) "meshconfig.yaml") (eq (base (dir $path)) "install")) -}}
{{- $_ := set $policies $path ($.Files.Get $path) -}}
{{- end -}}
{{- end -}}
{{- range $name, $text := .Values.policies -}}
{{- $_ := set $policies $name $text -}}
{{- end -}}
{{- toJson $policies -}}
{{- end -}}

{{/* Where to dial the ports of ServiceEntry hosts that speak no HTTP, as JSON: address by variable. */}}
{{- define "application.addedAddresses" -}}
{{- $addresses := dict -}}
{{- range $_, $text := include "application.policies" . | fromJson -}}
{{- range $document := regexSplit "(?m)^---.*$" $text -1 -}}
{{- $policy := fromYaml $document -}}
{{- if eq ($policy.kind | default "") "ServiceEntry" -}}
{{- range $host := $policy.spec.hosts -}}
{{- range $port := $policy.spec.ports -}}
{{- if not (has (upper ($port.protocol | default "TCP")) (list "HTTP" "HTTP2" "GRPC" "GRPC-WEB")) -}}
{{- $_ := set $addresses (include "application.addressVariable" (dict "host" $host "port" $port.number)) (printf "%s:%d" $host (int $port.number)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $addresses -}}
{{- end -}}
