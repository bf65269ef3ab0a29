{{/* SPDX-License-Identifier: GPL-3.0-or-later */}}

{{- define "monitoring.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{ toYaml .Values.labels }}
{{- end }}

{{/* A file of rules with ${name} replaced by the limit of that name: (list context file). */}}
{{- define "monitoring.rules" -}}
{{- $context := index . 0 }}
{{- $text := index . 1 | toString | replace "${runbooks}" $context.Values.runbooks }}
{{- range $name, $limit := $context.Values.limits }}
{{- $text = replace (printf "${%s}" $name) (toString $limit) $text }}
{{- end }}
{{- if contains "${" $text }}{{ fail "A rule names a limit that values.yaml does not have" }}{{ end }}
{{- (fromYaml $text).groups | toYaml }}
{{- end }}
