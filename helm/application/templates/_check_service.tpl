{{/* One service: found (what collects problems), root, key (what the values call it), values. */}}
{{- define "application.checkService" -}}
{{- $place := printf "services.%s" .key }}
{{- if and .values.stateful (gt (len .values.versions) 1) }}
{{- $_ := include "application.problem" (list .found (printf "%s: a stateful service has one version on Kubernetes: two would share its instances' names" $place)) }}
{{- end }}
{{- $_ := include "application.checkPorts" . }}
{{- $_ := include "application.checkNumbers" (list .found $place .values.env) }}
{{- $_ := include "application.checkVariables" (list .found $place .values.env .values.listen) }}
{{- range $where := list "labels" "podLabels" }}
{{- $_ := include "application.checkOwn" (list $.found (printf "%s.%s" $place $where) "instance" (index $.values $where) (include "application.ownLabels" $ | fromJsonArray)) }}
{{- end }}
{{- $_ := include "application.checkOwn" (list .found (printf "%s.podAnnotations" $place) "pod" .values.podAnnotations (include "application.ownAnnotations" . | fromJsonArray)) }}
{{- range $version, $own := .values.versions }}
{{- $_ := include "application.checkVersion" (dict "root" $.root "found" $.found "key" $.key "values" $.values "version" $version "own" ($own | default dict)) }}
{{- end }}
{{- end }}

{{- define "application.checkVersion" -}}
{{- $place := printf "services.%s.versions.%s" .key .version }}
{{- if not (or .own.command .values.command) }}
{{- $_ := include "application.problem" (list .found (printf "%s: neither the service nor the version has a `command`; add the program to run" $place)) }}
{{- end }}
{{- if not (include "application.repository" .) }}
{{- $_ := include "application.problem" (list .found (printf "%s: no image: set image.repository, or services.%s.image.repository" $place .key)) }}
{{- end }}
{{- $_ := include "application.checkOwn" (list .found (printf "%s.labels" $place) "instance" .own.labels (include "application.ownLabels" . | fromJsonArray)) }}
{{- $_ := include "application.checkNumbers" (list .found $place .own.env) }}
{{- $_ := include "application.checkVariables" (list .found $place .own.env .values.listen) }}
{{- $workload := printf "%s-%s" (.values.name | default .key) .version }}
{{- if and .values.stateful (gt (len $workload) 52) }}
{{- $_ := include "application.problem" (list .found (printf "services.%s.stateful: `%s` has more than 52 characters; shorten one of the names" .key $workload)) }}
{{- end }}
{{- with include "application.autoscaling" . }}
{{- $scale := fromJson . }}
{{- if gt (int ($scale.minReplicas | default 1)) (int $scale.maxReplicas) }}
{{- $_ := include "application.problem" (list $.found (printf "%s: of `autoscaling` minReplicas, %v, is more than maxReplicas, %v" $place $scale.minReplicas $scale.maxReplicas)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "application.checkGateway" -}}
{{- $place := printf "gateways.%s" .key }}
{{- $_ := include "application.checkOwn" (list .found (printf "%s.labels" $place) "instance" .values.labels (list "app.kubernetes.io/part-of" "sidecar.istio.io/inject")) }}
{{- $_ := include "application.checkOwn" (list .found (printf "%s.podAnnotations" $place) "pod" .values.podAnnotations (append (include "application.ownAnnotations" . | fromJsonArray) "inject.istio.io/templates")) }}
{{- end }}

{{- define "application.checkPorts" -}}
{{- $numbers := list }}
{{- $names := list }}
{{- $protocols := include "application.protocols" . | fromJson }}
{{- range $name, $number := .values.ports }}
{{- $numbers = append $numbers (int $number) }}
{{- $protocol := include "application.protocol" $name }}
{{- if not (hasKey $protocols $protocol) }}
{{- $_ := include "application.problem" (list $.found (printf "services.%s.ports: the name says the protocol, as in Istio, and `%s` is none of %s" $.key $name (keys $protocols | sortAlpha | join ", "))) }}
{{- end }}
{{- end }}
{{- if ne (len $numbers) (len (uniq $numbers)) }}
{{- $_ := include "application.problem" (list .found (printf "services.%s.ports: two ports have one number; give each its own" .key)) }}
{{- end }}
{{- if and (eq (include "application.speaksHTTP" .) "false") (regexMatch "^(grpc|http)" (.values.health | default "")) }}
{{- $_ := include "application.problem" (list .found (printf "services.%s.health: no port of the service speaks HTTP; write tcp or none" .key)) }}
{{- end }}
{{- end }}

{{/* Of variables: found, place, the values' own. JSON writes by a power of ten what is very small, and Helm cannot tell what
     is very large from its neighbours. */}}
{{- define "application.checkNumbers" -}}
{{- range $name, $value := index . 2 }}
{{- if has (kindOf $value) (list "float64" "int64" "int") }}
{{- if or (contains "e" (toJson $value)) (gt (float64 $value) 9007199254740991.0) (lt (float64 $value) -9007199254740991.0) }}
{{- $_ := include "application.problem" (list (index $ 0) (printf "%s.env: `%s` is text, or a number that Helm keeps as it is written; put the value in quotes" (index $ 1) $name)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What programs are told anyway: found, place, the values' own, how the program listens. */}}
{{- define "application.checkVariables" -}}
{{- $told := list "HOSTNAME" "LISTEN_ADDR" "LOOPMESH_RUNTIME" "MESH_OUTBOUND" "POD_NAME" }}
{{- if eq (index . 3 | default "unix") "tcp" }}{{ $told = append $told "PORT" }}{{ end }}
{{- range $name, $_ := index . 2 }}
{{- if or (has $name $told) (hasPrefix "MESH_TCP_" $name) }}
{{- $_ := include "application.problem" (list (index $ 0) (printf "%s.env: `%s` is what the mesh tells every program; remove `%s`" (index $ 1) $name $name)) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Of what the chart says of every pod itself nothing is said twice: found, place, whose, the values' own, the chart's. */}}
{{- define "application.checkOwn" -}}
{{- $given := index . 3 | default dict }}
{{- range $name := index . 4 }}
{{- if hasKey $given $name }}
{{- $_ := include "application.problem" (list (index $ 0) (printf "%s: every %s has its own `%s`; remove `%s`" (index $ 1) (index $ 2) $name $name)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "application.ownLabels" -}}
["app", "version", "app.kubernetes.io/part-of", "sidecar.istio.io/inject"]
{{- end }}

{{- define "application.ownAnnotations" -}}
{{- $own := list "kubectl.kubernetes.io/default-container" }}
{{- with include "application.statistics" .root }}{{ $own = append $own (first (splitList ":" .) | trim) }}{{ end }}
{{- toJson $own }}
{{- end }}
