import { join } from 'node:path';
import { backendAddress } from './backends.ts';

/** The parts of a configuration that differ between rows. */
export interface Setup {
  readonly backends: number;
  readonly port: number;
  /** The lines of the only check. */
  readonly check: string;
  /** Further sections. */
  readonly sections?: string;
  /** Lines of [daemon], without its paths. */
  readonly daemon?: string;
  /** The lines of [defaults]; none for hfmd's own defaults. */
  readonly defaults?: string;
  readonly pool?: string;
  /** The core to run on, by taskset(1); any by default. */
  readonly core?: number;
}

export const CHECKS = {
  http: 'type = "http"\nurl = "http://{address}:{port}/haproxy_check"',
  keepAlive: 'type = "http"\nurl = "http://{address}:{port}/haproxy_check"\nkeep_alive = true',
  tcp: 'type = "tcp"',
} as const;

/** The address of backend number `i` in the table. */
export function tableAddress(i: number): string {
  return `10.1.${(i + 1) >> 8}.${(i + 1) & 0xff}`;
}

/** A whole hfm.toml. It has no key that exists for the bench alone. */
export function configText(setup: Setup, folder: string, pfctl: readonly string[]): string {
  const backends = Array.from({ length: setup.backends }, (_, i) => {
    return `[backend.b${i}]
address = "${backendAddress(i)}"
port = ${setup.port}
checks = ["c"]
pools = { web = "${tableAddress(i)}" }
`;
  });
  return `[daemon]
socket = "${join(folder, 's')}"
socket_group = ${process.getgid?.() ?? 0}
state_file = "${join(folder, 'state.json')}"
${setup.daemon ?? ''}
[pf]
pfctl = ${JSON.stringify(pfctl)}
[defaults]
${setup.defaults ?? ''}
[check.c]
${setup.check}
[pool.web]
table = "web"
${setup.pool ?? ''}
${backends.join('')}${setup.sections ?? ''}`;
}
