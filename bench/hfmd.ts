import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, createClient } from '../src/control/client.ts';
import type { StatusJson } from '../src/control/protocol.ts';
import { backendAddress } from './backends.ts';
import type { Child } from './children.ts';
import { Unavailable } from './row.ts';
import type { Bench } from './setting.ts';
import { createStandIn, type StandIn } from './stand-in.ts';
import { until } from './time.ts';

/** The real hfmd, started as an operator does, on a configuration file. */
export interface Hfmd {
  readonly child: Child;
  readonly pid: number;
  readonly pf: StandIn;
  readonly client: Client;
  status(): Promise<StatusJson>;
  /** Waits until so many addresses are in the table of each pool. */
  inService(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** What a configuration says beside what every one does. */
export interface Setup {
  readonly backends: number;
  readonly port: number;
  /** The lines of the one check. */
  readonly check: string;
  /** The lines of [defaults]; none for the defaults of hfmd. */
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

const START_MS = 60_000;

let started = 0;

/** Starts hfmd and waits for nothing. */
export function spawnHfmd(bench: Bench, setup: Setup): Hfmd {
  started += 1;
  const folder = join(bench.folder, `hfmd-${started}`);
  mkdirSync(folder);
  const pf = createStandIn(bench, join(folder, 'pf'), ['web']);
  const config = join(folder, 'hfm.toml');
  writeFileSync(config, configText(setup, folder, pf));
  const logFile = join(folder, 'log');
  const log = openSync(logFile, 'w');
  const pinned = setup.core === undefined ? [] : ['taskset', '-c', String(setup.core)];
  const child = bench.children.start([...pinned, process.execPath, bench.hfmd, '-f', config], {
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const client = createClient(join(folder, 's'));
  return {
    child,
    pid: child.pid,
    pf,
    client,
    async status() {
      const answer = await client.get<StatusJson>('/v1/status');
      if (answer.kind === 'ok') return answer.value;
      throw new Error(`hfmd: no status: ${answer.error}`);
    },
    inService: (count) =>
      until(`${count} backends in service`, START_MS, () => {
        if (child.process.exitCode !== null) throw endOf(readFileSync(logFile, 'utf8'));
        return pf.table('web').length === count;
      }),
    stop: () => child.stop(),
  };
}

/** The address of backend number `i` in the table. */
export function tableAddress(i: number): string {
  return `10.1.${(i + 1) >> 8}.${(i + 1) & 0xff}`;
}

function configText(setup: Setup, folder: string, pf: StandIn): string {
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
[pf]
pfctl = ${JSON.stringify(pf.command)}
[defaults]
${setup.defaults ?? ''}
[check.c]
${setup.check}
[pool.web]
table = "web"
${setup.pool ?? ''}
${backends.join('')}`;
}

/** Why it has ended; a key that this hfmd does not know yet is something that it lacks. */
function endOf(log: string): Error {
  const unknown = /: check\.c\.(\w+): unknown key/.exec(log)?.[1];
  if (unknown !== undefined) return new Unavailable(`this hfmd knows no "${unknown}" on a check`);
  return new Error(`hfmd ended: ${log.slice(-2000)}`);
}
