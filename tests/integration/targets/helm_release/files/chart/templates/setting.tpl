# SPDX-License-Identifier: GPL-3.0-or-later
apiVersion: v1
kind: ConfigMap
metadata: {name: setting}
data: {text: {{ .Values.text | quote }}}
