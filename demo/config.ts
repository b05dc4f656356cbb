import type { Backend } from './backend.ts';

/** A configuration as an operator writes it, except for ports and paths. */
export function demoConfig(folder: string, backends: readonly Backend[]): string {
  const sections = backends.map(
    ({ name, port }, i) => `[backend.${name}]
address = "127.0.0.1"
port    = ${port}
checks  = ["haproxy"]
pools   = { web = "10.0.0.${i + 1}" }
`,
  );
  return `[daemon]
socket       = "${folder}/hfm.sock"
socket_group = ${process.getgid?.() ?? 0}
state_file   = "${folder}/state.json"

[pf]
driver = "memory"

[defaults]
interval      = "500ms"
fast_interval = "50ms"
timeout       = "250ms"
rise = 2
fall = 3

[check.haproxy]
type = "http"
url  = "http://{address}:{port}/haproxy_check"

[pool.web]
table = "web"

${sections.join('\n')}`;
}
