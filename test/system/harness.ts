import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, type TestContext, vi } from 'vitest';
import type { StatusJson } from '../../src/protocol/protocol.ts';
import { type Call, type Os, openPf, type Pf } from '../pf/seed.mjs';
import { type LiveBackend, openBackend } from './live-backend.ts';

// Tests mostly wait, so many of a file run at once. The long timeouts are for busy machines.
const isSlow = process.env.HFM_TEST_SLOW !== undefined;
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000, maxConcurrency: isSlow ? 2 : 10 });

const SBIN = fileURLToPath(new URL('../../dist/sbin/', import.meta.url));
export const HFMD = join(SBIN, 'hfmd');
export const HFMCTL = join(SBIN, 'hfmctl');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
}

export interface Hfmd extends Running {
  /** The log's lines so far. */
  readonly log: readonly LogLine[];
}

export type LogLine = Readonly<Record<string, unknown>> & {
  readonly level: string;
  readonly msg: string;
  readonly event?: string;
};

/** Paths of the programs that a rig runs; by default those of the build. */
interface Programs {
  readonly hfmd: string;
  readonly hfmctl: string;
}

/** How to run a program. */
export interface How {
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: { readonly uid: number; readonly gid: number };
  /** A program and its arguments that execs ours, such as `env`. */
  readonly through?: readonly string[];
  /** How many open files the program inherits. */
  readonly openFiles?: number;
}

type Value = string | number | boolean | readonly string[];
type Keys = Readonly<Record<string, Value>>;

interface Settings {
  readonly daemon?: Keys;
  readonly pf?: Keys;
  readonly defaults?: Keys;
  readonly http?: Keys;
}

/** A folder with a stand-in pf, a configuration and the programs that run on them. */
export interface Rig {
  readonly folder: string;
  readonly pf: Pf;
  readonly socket: string;
  readonly configFile: string;
  readonly stateFile: string;
  /** A path in the folder. */
  path(name: string): string;
  /** Writes the configuration: what every test needs, and `body`. */
  write(body: string, settings?: Settings): void;
  /** Writes an executable `sh` script; returns its path. */
  script(name: string, body: string): string;
  backend(name: string, how?: { family?: 4 | 6 }): Promise<LiveBackend>;
  backends(first: string, second: string): Promise<[LiveBackend, LiveBackend]>;
  /** Starts hfmd and waits until its socket answers. */
  start(...options: string[]): Promise<Hfmd>;
  /** As `start`, as another user or in another network namespace. */
  startWith(how: How): Promise<Hfmd>;
  /** Starts hfmd without waiting. */
  spawnHfmd(...options: string[]): Hfmd;
  /** Runs hfmctl to its end. */
  ctl(...args: string[]): Promise<Ended>;
  /** As `ctl`, and expects exit 0. The message of the failure has the output. */
  ctlOk(...args: string[]): Promise<Ended>;
  spawnCtl(...args: string[]): Running;
  /** The same as `hfmctl status --json`, without the cost of a process. */
  status(): Promise<StatusJson>;
  /** The processes that run from this folder, and every pfctl that hangs: pid and command line. */
  processes(): string[];
}

/** Ends all that it started when the test ends. Prints the logs of a test that fails. */
export function openRig(
  { onTestFinished, onTestFailed }: Pick<TestContext, 'onTestFinished' | 'onTestFailed'>,
  how: { os?: Os; programs?: Programs } = {},
): Rig {
  const { hfmd: program, hfmctl } = how.programs ?? { hfmd: HFMD, hfmctl: HFMCTL };
  const folder = mkdtempSync(join(tmpdir(), 'hfm-'));
  const pf = openPf(join(folder, 'pf'), { os: how.os ?? 'openbsd' });
  const socket = join(folder, 's');
  const configFile = join(folder, 'hfm.toml');
  const stateFile = join(folder, 'state.json');
  const daemons: Hfmd[] = [];
  const running: Running[] = [];
  const opened: LiveBackend[] = [];

  onTestFinished(async () => {
    // Stop each hfmd first, so that it starts no other pfctl.
    const alive = running.filter(
      ({ child }) => child.exitCode === null && child.signalCode === null,
    );
    for (const one of alive) one.kill('SIGSTOP');
    const children = childrenOf(alive.map(({ pid }) => pid));
    for (const one of alive) one.kill('SIGKILL');
    for (const pid of children) endIfThere(pid);
    await Promise.all(running.map(({ ended }) => ended));
    await Promise.all(opened.map((one) => one.close()));
    // Kill what a killed hfmd left, and what that still starts.
    for (let left = rig.processes(); left.length > 0; left = rig.processes()) {
      for (const line of left) endIfThere(Number(line.split(' ', 1)[0]));
      await sleep(20);
    }
    // A pfctl that was running may still write.
    await eventually(() => rmSync(folder, { recursive: true, force: true }));
  });
  onTestFailed(({ task }) => {
    const logs = daemons.map(({ pid, stdout, stderr }) => `hfmd ${pid}:\n${tail(stdout)}${stderr}`);
    process.stderr.write(`--- ${task.name}\n${logs.join('\n')}\n`);
  });

  const track = <T extends Running>(one: T): T => {
    running.push(one);
    return one;
  };
  const spawnHfmd = (options: readonly string[], how?: How): Hfmd => {
    const started = track(run(program, ['-f', configFile, ...options], how));
    const hfmd = withLog(started);
    daemons.push(hfmd);
    return hfmd;
  };
  const untilReady = async (hfmd: Hfmd): Promise<Hfmd> => {
    await eventually(async () => {
      if (hfmd.child.exitCode !== null) return;
      expect(await get(socket, '/v1/status')).toMatchObject({ pid: hfmd.pid });
    });
    expect(hfmd.child.exitCode, `hfmd ended: ${hfmd.stderr}`).toBe(null);
    return hfmd;
  };
  const rig: Rig = {
    folder,
    pf,
    socket,
    configFile,
    stateFile,
    path: (name) => join(folder, name),
    write(body, settings = {}) {
      const { daemon = {}, defaults = {} } = settings;
      const group = process.getgid?.() ?? 0;
      const toml = [
        tableOf('daemon', {
          socket,
          socket_group: group,
          state_file: stateFile,
          log_format: 'json',
          ...daemon,
        }),
        tableOf('pf', { pfctl: [pf.command], resync: '1s', ...settings.pf }),
        tableOf('defaults', { ...RHYTHM, ...defaults }),
        tableOf('check.http', {
          type: 'http',
          url: 'http://{address}:{port}/health',
          ...settings.http,
        }),
        body,
      ];
      writeFileSync(configFile, toml.join('\n'));
    },
    script(name, body) {
      const path = join(folder, name);
      writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
      return path;
    },
    async backend(name, { family = 4 } = {}) {
      const backend = await openBackend(name, family);
      opened.push(backend);
      return backend;
    },
    backends: (...names) => Promise.all([rig.backend(names[0]), rig.backend(names[1])]),
    spawnHfmd: (...options) => spawnHfmd(options),
    start: (...options) => untilReady(spawnHfmd(options)),
    startWith: (how) => untilReady(spawnHfmd([], how)),
    ctl: (...args) => rig.spawnCtl(...args).ended,
    async ctlOk(...args) {
      const ended = await rig.ctl(...args);
      expect(ended.code, `hfmctl ${args.join(' ')}: ${ended.stdout}${ended.stderr}`).toBe(0);
      return ended;
    },
    spawnCtl: (...args) => track(run(hfmctl, ['-s', socket, ...args])),
    status: async () => (await get(socket, '/v1/status')) as StatusJson,
    processes: () => processesOf(folder, pf),
  };
  return rig;
}

/** hfmd notices a failed backend within a second. Only a long pause of the machine breaks a test. */
const RHYTHM: Keys = {
  interval: '500ms',
  fast_interval: '40ms',
  timeout: '500ms',
  rise: 2,
  fall: 2,
};

/** Waits until `check` no longer throws. The cap is high for busy machines. */
export function eventually<T>(check: () => T | Promise<T>, capMs = 25_000): Promise<T> {
  return vi.waitFor(check, { timeout: capMs, interval: 30 });
}

/**
 * Waits until hfmd has read each table with its goal in it. That is a little after the change of the
 * table: hfmd may refuse a drain in between, since it relies only on what it has read.
 */
export async function inSync(rig: Rig): Promise<void> {
  await eventually(async () => {
    for (const { in_sync } of (await rig.status()).pools) expect(in_sync).toBe(true);
  });
}

/** Waits long enough that what must not happen would have happened a few times. */
export function aWhile(ms = 1500): Promise<void> {
  return sleep(ms);
}

/** The problems in status, except a stall: a busy machine may cause that, and status is right. */
export async function problemsOf(rig: Rig): Promise<readonly string[]> {
  const { problems } = await rig.status();
  return problems.filter((problem) => !problem.startsWith('this node: stalled'));
}

/** Whether a call of pfctl changes a table. */
export function isChange({ argv }: Call): boolean {
  return ['add', 'delete', 'replace', 'flush', 'kill'].some((verb) => argv.includes(verb));
}

/** A backend that is up by its configuration, for tests that do not concern health. */
export function memberByMode(name: string, address: string, pool = 'web', mode = 'up'): string {
  return `[backend.${name}]
address = "127.0.0.1"
mode = "${mode}"
checks = [{ type = "tcp", port = 9 }]
pools = { ${pool} = "${address}" }
`;
}

/** Runs a program of ours to its end, or until it is killed. */
export function run(program: string, args: readonly string[], how: How = {}): Running {
  const [command = '', ...argv] = [...(how.through ?? []), process.execPath, program, ...args];
  const opened = Array.from({ length: how.openFiles ?? 0 }, () => 2);
  const child = spawn(command, argv, {
    ...how.user,
    stdio: ['ignore', 'pipe', 'pipe', ...opened],
    env: { PATH: process.env.PATH ?? '', HOME: '/', ...how.env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    child.on('error', ({ message }) => {
      stderr += message;
      resolve({ code: null, signal: null, stdout, stderr });
    });
  });
  return {
    child,
    pid: child.pid ?? -1,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    ended,
    kill: (signal) => void child.kill(signal),
  };
}

/** A GET over the control socket, as JSON. */
export function get(socketPath: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path, agent: false, timeout: 10_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(JSON.parse(text)));
      response.on('error', reject);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${path}: no answer in 10 s`)));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

function tableOf(name: string, keys: Keys): string {
  // Strings, numbers and arrays in JSON are valid TOML.
  const lines = Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return `[${name}]\n${lines.join('\n')}\n`;
}

function withLog(started: Running): Hfmd {
  return Object.defineProperty(started, 'log', { get: () => parseLog(started.stdout) }) as Hfmd;
}

function parseLog(stdout: string): LogLine[] {
  const lines = stdout.slice(0, stdout.lastIndexOf('\n') + 1).split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as LogLine);
}

function processesOf(folder: string, pf: Pf): string[] {
  const hanging = pf.calls().filter(({ exit }) => exit === null);
  const pids = new Set(hanging.map(({ pid }) => String(pid)));
  return processes()
    .filter(
      ({ pid, command }) =>
        command.includes(folder) || (pids.has(String(pid)) && command.includes('stand-in')),
    )
    .map(({ pid, command }) => `${pid} ${command}`);
}

function childrenOf(pids: readonly number[]): number[] {
  return processes()
    .filter(({ parent }) => pids.includes(parent))
    .map(({ pid }) => pid);
}

function processes(): { pid: number; parent: number; command: string }[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , stat]) => !stat?.startsWith('Z'))
    .map(([pid, parent, , ...args]) => ({
      pid: Number(pid),
      parent: Number(parent),
      command: args.join(' '),
    }));
}

function endIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: the process has ended meanwhile.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function tail(text: string): string {
  return text.length > 8000 ? `...${text.slice(-8000)}` : text;
}
