{{/* What would install and then not work is refused here, in the words of `mesh up` where that refuses it, too. All that
     is wrong is told at once. */}}
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
{{- $found := dict "problems" list }}
{{- $_ := include "application.checkNames" (dict "root" . "found" $found) }}
{{- $_ := include "application.checkDatabase" (dict "root" . "found" $found) }}
{{- range $key, $values := .Values.services }}
{{- $_ := include "application.checkService" (dict "root" $ "found" $found "key" $key "values" $values) }}
{{- end }}
{{- range $gateway, $values := .Values.gateways }}
{{- $_ := include "application.checkGateway" (dict "root" $ "found" $found "key" $gateway "values" $values) }}
{{- end }}
{{- range $number, $test := .Values.tests }}
{{- if not (include "application.repository" (dict "root" $ "values" $test "own" (dict))) }}
{{- $_ := include "application.problem" (list $found (printf "tests[%d]: no image: set image.repository, or tests[%d].image.repository, to one with python" $number $number)) }}
{{- end }}
{{- end }}
{{- with $found.problems }}
{{- fail (join "\n" .) }}
{{- end }}
{{- end }}

{{/* Notes one: the dict that collects them, and what is said. */}}
{{- define "application.problem" -}}
{{- $_ := set (first .) "problems" (append (first .).problems (last .)) }}
{{- end }}

{{- define "application.checkDatabase" -}}
{{- $postgresql := .root.Values.postgresql | default dict }}
{{- $keepers := list }}
{{- range $key, $values := .root.Values.services }}
{{- if $values.database }}{{ $keepers = append $keepers $key }}{{ end }}
{{- end }}
{{- if and $postgresql.bundled $postgresql.urlSecret }}
{{- $_ := include "application.problem" (list .found "postgresql: `bundled` and `urlSecret` are two databases, and nobody would use the bundled one: set postgresql.bundled=false, or leave urlSecret out") }}
{{- else if and $postgresql.bundled (not $keepers) }}
{{- $_ := include "application.problem" (list .found "postgresql.bundled: no service keeps data there: give one `database: true`, or leave it out") }}
{{- else if not (or $postgresql.bundled $postgresql.urlSecret) }}
{{- range $keepers }}
{{- $_ := include "application.problem" (list $.found (printf "services.%s keeps data: set postgresql.bundled=true to try it out, or postgresql.urlSecret to the Secret that holds a URL for each service" .)) }}
{{- end }}
{{- end }}
{{- end }}
