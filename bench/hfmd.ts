import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, createClient } from '../src/client/client.ts';
import type { StatusJson } from '../src/protocol/protocol.ts';
import type { Child } from './children.ts';
import { configText, type Setup } from './hfmd-config.ts';
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
  /** Waits until so many addresses are in the table of each pool. */
  inService(count: number): Promise<void>;
  /** How many checks hfmd itself reports as not up. */
  notUp(): Promise<number>;
  /** The probes that hfmd itself counts as started. */
  started(): Promise<number>;
  /** A spread that hfmd itself measures, in ms; null if it does not. */
  engine(key: 'lateness_ms' | 'loop_delay_ms' | 'pfctl_ms'): Promise<Spread | null>;
  stop(): Promise<void>;
}

interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const START_MS = 60_000;

let started = 0;

/** Starts hfmd and does not wait for it. */
export function spawnHfmd(bench: Bench, setup: Setup): Hfmd {
  started += 1;
  const folder = join(bench.folder, `hfmd-${started}`);
  mkdirSync(folder);
  const pf = createStandIn(bench, join(folder, 'pf'), ['web']);
  const config = join(folder, 'hfm.toml');
  writeFileSync(config, configText(setup, folder, pf.command));
  const logFile = join(folder, 'log');
  const log = openSync(logFile, 'w');
  const pinned = setup.core === undefined ? [] : ['taskset', '-c', String(setup.core)];
  const child = bench.children.start([...pinned, bench.hfmd, '-f', config], {
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const client = createClient(join(folder, 's'));
  const status = async (): Promise<StatusJson> => {
    const answer = await client.get<StatusJson>('/v1/status');
    if (answer.kind === 'ok') return answer.value;
    throw new Error(`hfmd: no status: ${answer.error}`);
  };
  return {
    child,
    pid: child.pid,
    pf,
    client,
    async notUp() {
      const { backends } = await status();
      return backends.filter(({ health }) => health !== 'up').length;
    },
    started: async () => (await status()).engine.started,
    async engine(key) {
      // Another hfmd may lack it, or have it in another form.
      const engine: Readonly<Record<string, unknown>> = { ...(await status()).engine };
      return isSpread(engine[key]) ? engine[key] : null;
    },
    inService: (count) =>
      until(
        () => shortOf(count, pf, logFile),
        START_MS,
        () => {
          if (child.process.exitCode !== null) throw endOf(readFileSync(logFile, 'utf8'));
          return pf.table('web').length === count;
        },
      ),
    stop: () => child.stop(),
  };
}

/**
 * The p99 that hfmd reports of the last minute. That includes its start unless it has run for
 * longer.
 */
export function reportedBy(spread: Spread | null, { isFull }: Bench): string {
  if (spread === null) return 'hfmd does not report it';
  const since = isFull ? '' : ', its start included';
  return `hfmd itself reports ${spread.p99.toFixed(2)} ms${since}`;
}

/** Why not all are in service, as far as the log says. */
function shortOf(count: number, pf: StandIn, logFile: string): string {
  const [last = ''] = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-1);
  return `${pf.table('web').length} of ${count} in service; last logged: ${last.slice(0, 300)}`;
}

/** Why hfmd has ended. A key that it does not know makes the row unavailable. */
function endOf(log: string): Error {
  const unknown = /: check\.c\.(\w+): unknown key/.exec(log)?.[1];
  if (unknown !== undefined) return new Unavailable(`this hfmd knows no "${unknown}" on a check`);
  return new Error(`hfmd ended: ${log.slice(-2000)}`);
}

function isSpread(value: unknown): value is Spread {
  return typeof value === 'object' && value !== null && 'p99' in value;
}
