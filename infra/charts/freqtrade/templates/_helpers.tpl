{{/* SPDX-License-Identifier: GPL-3.0-or-later */}}

{{- define "freqtrade.fullname" -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "freqtrade.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: trade
{{- end }}

{{- define "freqtrade.labels" -}}
{{ include "freqtrade.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "freqtrade.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag }}{{ end }}
{{- end -}}
{{- end }}

{{- define "freqtrade.databaseSecret" -}}
{{ .Values.secrets.database | default (printf "%s-database" .Release.Name) }}
{{- end }}

{{- define "freqtrade.apiSecret" -}}
{{ .Values.secrets.api | default (printf "%s-api" .Release.Name) }}
{{- end }}

{{/* The client's PostgreSQL schema has the release's name with underscores. */}}
{{- define "freqtrade.schema" -}}
{{ .Release.Name | replace "-" "_" }}
{{- end }}

{{/* One environment variable from a key of a Secret: (list NAME secret key). */}}
{{- define "freqtrade.secretEnv" -}}
- name: {{ index . 0 }}
  valueFrom:
    secretKeyRef:
      name: {{ index . 1 | quote }}
      key: {{ index . 2 }}
{{- end }}

{{- define "freqtrade.containerSecurityContext" -}}
allowPrivilegeEscalation: false
capabilities:
  drop: [ALL]
readOnlyRootFilesystem: true
{{- end }}

{{/* The client's part of the bot's configuration; the image holds the part that all bots share. */}}
{{- define "freqtrade.config" -}}
{{- $bot := .Values.bot -}}
{{- dict
      "strategy" $bot.strategy
      "timeframe" $bot.timeframe
      "stake_currency" $bot.stakeCurrency
      "stake_amount" $bot.stakeAmount
      "max_open_trades" $bot.maxOpenTrades
      "dry_run" $bot.dryRun
      "dry_run_wallet" $bot.dryRunWallet
      "exchange" (dict "name" "binance" "pair_whitelist" $bot.pairs "ccxt_config" (first .Values.exchange.ccxtConfig | default dict))
    | toPrettyJson }}
{{- end }}
