{{- /* Written by scripts/generate-deploy.ts from src/lib/manifests and scripts/deploy/helm.ts. */ -}}
{{- define "bcs-apiserver-proxy.image" -}}
{{- with .Values.image -}}
{{ .repository }}
{{- if or .tag (not .digest) }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- with .digest }}@{{ . }}{{ end }}
{{- end -}}
{{- end -}}

{{- define "bcs-apiserver-proxy.listen" -}}
{{- with .Values.listen -}}
{{- if not .enabled -}}none
{{- else if contains ":" .address -}}[{{ .address }}]:{{ .port }}
{{- else -}}{{ .address }}:{{ .port }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Where kubelet asks, which is on the same host. */ -}}
{{- define "bcs-apiserver-proxy.probedHost" -}}
{{- get (dict "127.0.0.1" "127.0.0.1" "::1" "::1" "0.0.0.0" "127.0.0.1" "::" "::1") .Values.listen.address -}}
{{- end -}}

{{- /* Empty where nobody but the node itself reaches the metrics. */ -}}
{{- define "bcs-apiserver-proxy.reachable" -}}
{{- if and .Values.listen.enabled (has .Values.listen.address (list "0.0.0.0" "::")) -}}true{{- end -}}
{{- end -}}

{{- define "bcs-apiserver-proxy.scrapeAnnotations" -}}
{{- if include "bcs-apiserver-proxy.reachable" . }}
prometheus.io/scrape: "true"
prometheus.io/port: "{{ .Values.listen.port }}"
{{- end }}
{{- end -}}

{{- define "bcs-apiserver-proxy.checkExtraArgs" -}}
{{- range .Values.extraArgs }}
{{- if regexMatch "^--config(=|$)|^-f" . }}{{ fail "extraArgs: --config: a file of a host is not in the pod; give what it says as flags" }}{{ end }}
{{- if regexMatch "^--kubeconfig(=|$)" . }}{{ fail "extraArgs: --kubeconfig: a file of a host is not in the pod, which has its service account; leave it out" }}{{ end }}
{{- if regexMatch "^--ca-file(=|$)" . }}{{ fail "extraArgs: --ca-file: a file of a host is not in the pod, which has the CA of its service account; leave it out" }}{{ end }}
{{- if regexMatch "^--token-file(=|$)" . }}{{ fail "extraArgs: --token-file: a file of a host is not in the pod; probes need none, as 401 counts as ready; leave it out" }}{{ end }}
{{- if regexMatch "^--client-certificate(=|$)" . }}{{ fail "extraArgs: --client-certificate: a file of a host is not in the pod; probes need none, as 401 counts as ready; leave it out" }}{{ end }}
{{- if regexMatch "^--client-key(=|$)" . }}{{ fail "extraArgs: --client-key: a file of a host is not in the pod; probes need none, as 401 counts as ready; leave it out" }}{{ end }}
{{- if regexMatch "^--source-ip(=|$)" . }}{{ fail "extraArgs: --source-ip: every node has another address, and the daemon finds its own; leave it out" }}{{ end }}
{{- if regexMatch "^--vs(=|$)" . }}{{ fail "extraArgs: --vs: set the value virtualServer instead" }}{{ end }}
{{- if regexMatch "^--rs(=|$)" . }}{{ fail "extraArgs: --rs: set the value realServers instead" }}{{ end }}
{{- if regexMatch "^--scheduler(=|$)" . }}{{ fail "extraArgs: --scheduler: set the value scheduler instead" }}{{ end }}
{{- if regexMatch "^--discovery(=|$)" . }}{{ fail "extraArgs: --discovery: set the value discovery instead" }}{{ end }}
{{- if regexMatch "^--listen(=|$)" . }}{{ fail "extraArgs: --listen: set the value listen instead" }}{{ end }}
{{- if regexMatch "^--persist-dir(=|$)" . }}{{ fail "extraArgs: --persist-dir: set the value persistDir instead" }}{{ end }}
{{- end }}
{{- end -}}
