{{/* SPDX-License-Identifier: GPL-3.0-or-later */}}

{{/* Labels that select a role's pods: (list $ role). The charts of monitoring select Services by them. */}}
{{- define "listener.selectorLabels" -}}
app.kubernetes.io/part-of: bot-freqtrade
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "listener.labels" -}}
{{ include "listener.selectorLabels" . }}
app.kubernetes.io/name: {{ (index . 0).Chart.Name }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ printf "%s-%s" (index . 0).Chart.Name (index . 0).Chart.Version }}
{{- end }}

{{- define "listener.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag }}{{ end }}
{{- end -}}
{{- end }}

{{/* Service account of a role: (list $ role). Only that of dispatch and monitor has rights. */}}
{{- define "listener.account" -}}
{{- $root := index . 0 -}}
{{ eq (index . 1) "dispatch" | ternary $root.Values.serviceAccount (printf "%s-%s" $root.Release.Name (index . 1)) }}
{{- end }}

{{- define "listener.overSsh" -}}
{{- if regexMatch "^(ssh://|[^/:]+@)" .Values.variables.platform_gitops_repository }}yes{{ end }}
{{- end }}

{{- define "listener.sshPort" -}}
{{ regexReplaceAll "^ssh://[^/]*:([0-9]+)/.*$|^.*$" .Values.variables.platform_gitops_repository "${1}" | default "22" }}
{{- end }}

{{/* Files of the Secret that a role gets, as JSON: (list $ role). */}}
{{- define "listener.files" -}}
{{- $root := index . 0 -}}
{{- $files := get (dict
      "watch" (list "listener.pgpass")
      "dispatch" (list "listener.pgpass" "admin.pgpass")
      "send" (list "listener.pgpass" "operator.key")
      "api" (list "listener.pgpass")
      "monitor" (list "reader.pgpass")) (index . 1) -}}
{{- if and (eq (index . 1) "dispatch") (include "listener.overSsh" $root) }}{{ $files = append $files "git.key" }}{{ end -}}
{{- if not $root.Values.chain.rpcUrl }}{{ $files = append $files "rpc-url" }}{{ end -}}
{{ toJson $files }}
{{- end }}

{{/* Where a database is, for SQLAlchemy; the password is in the file that it names: (list $ user file name). */}}
{{- define "listener.databaseUrl" -}}
{{- $server := (index . 0).Values.variables.platform_database -}}
postgresql://{{ index . 1 }}@{{ $server.host }}:{{ $server.port | default 5432 | int }}/{{ index . 3 }}?sslmode={{ $server.sslmode | default "require" }}&passfile=/run/platform/secrets/{{ index . 2 }}
{{- end }}

{{/* The variables of every run, with the places of its secrets. */}}
{{- define "listener.variables" -}}
{{- $variables := deepCopy .Values.variables -}}
{{- $_ := set $variables.platform_database "passfile" "/run/platform/secrets/admin.pgpass" -}}
{{- $_ := set $variables "platform_key_directory" "/run/platform/keys" -}}
{{- $_ := set $variables "platform_argocd_namespace" .Values.argocdNamespace -}}
{{- if include "listener.overSsh" . -}}
{{- $_ := set $variables "platform_gitops_ssh_key_file" "/run/platform/secrets/git.key" -}}
{{- end -}}
{{ toYaml $variables }}
{{- end }}

{{- define "listener.configuration" -}}
vars.yml: |
  {{- include "listener.variables" . | nindent 2 }}
known_hosts: {{ .Values.knownHosts | toJson }}
database-url: {{ include "listener.databaseUrl" (list . .Values.database.user "listener.pgpass" .Values.database.name) }}
figures-url: {{ include "listener.databaseUrl" (list . .Values.variables.platform_database.reader "reader.pgpass" (.Values.variables.platform_database.name | default "freqtrade_multi")) }}
{{- end }}

{{- define "listener.containerSecurityContext" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
readOnlyRootFilesystem: true
{{- end }}

{{- define "listener.environment" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
