import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Child } from './children.ts';
import type { Bench } from './setting.ts';

/** A process that serves as thousands of backends. server.c describes its commands. */
export interface Backends {
  readonly port: number;
  readonly child: Child;
  /** Sends a command and returns the fields of its answer, without the first. */
  ask(command: string): Promise<readonly string[]>;
  counts(): Promise<Counts>;
  /** The checks so far: answers, or connections where the check sends nothing. */
  checks(kind: 'http' | 'tcp'): Promise<number>;
  /** The connections of the time in which `work` ran, if they have ended by then. */
  record(work: () => Promise<void>): Promise<readonly Connection[]>;
  /** The fields of the next line of this kind, which answers no command, without the first. */
  next(kind: 'answered' | 'released'): Promise<readonly string[]>;
  stop(): Promise<void>;
}

interface Counts {
  readonly accepted: number;
  readonly answered: number;
  readonly open: number;
}

export interface Connection {
  /** The low 16 bits of the address. */
  readonly backend: number;
  readonly acceptedMs: number;
  readonly endedMs: number;
}

/** Backend number `i`, from 0. One process has at most 65 000. */
export function backendAddress(i: number): string {
  return `127.1.${(i + 1) >> 8}.${(i + 1) & 0xff}`;
}

/** The first port to try: below the range that Linux uses for outgoing connections. */
const FIRST_PORT = 20_000;
const PORTS = 10_000;
const TRIES = 50;

/** Starts a server that listens on all addresses of 127.0.0.0/8, or on none yet. */
export async function startBackends(
  bench: Bench,
  { listening = true, core }: { listening?: boolean; core?: number } = {},
): Promise<Backends> {
  const argv = core === undefined ? [] : ['taskset', '-c', String(core)];
  const child = bench.children.start([...argv, ...bench.programs.server], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const commands = commandsOf(child);
  for (let tries = 0; tries < TRIES; tries++) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    if (!listening) return backendsOf(bench, child, commands, port);
    const taken = await commands.ask(`listen 0.0.0.0 ${port}`).then(
      () => false,
      () => true,
    );
    if (!taken) return backendsOf(bench, child, commands, port);
  }
  throw new Error('found no free port');
}

function backendsOf(bench: Bench, child: Child, commands: Commands, port: number): Backends {
  const counts = async (): Promise<Counts> => {
    const [accepted, answered, open] = (await commands.ask('stats')).map(Number);
    return { accepted: accepted ?? 0, answered: answered ?? 0, open: open ?? 0 };
  };
  return {
    port,
    child,
    ...commands,
    counts,
    async checks(kind) {
      const { answered, accepted } = await counts();
      return kind === 'http' ? answered : accepted;
    },
    async record(work) {
      await commands.ask('record on');
      await work();
      await commands.ask('record off');
      const file = join(bench.folder, `connections-${child.pid}`);
      await commands.ask(`dump ${file}`);
      return parseRecords(readFileSync(file));
    },
    stop: () => child.stop(),
  };
}

const RECORD_BYTES = 24;

/** `struct record` of server.c. */
function parseRecords(bytes: Buffer): Connection[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.byteLength / RECORD_BYTES) }, (_, i) => ({
    acceptedMs: Number(view.getBigUint64(i * RECORD_BYTES, true)) / 1e6,
    endedMs: Number(view.getBigUint64(i * RECORD_BYTES + 8, true)) / 1e6,
    backend: view.getUint32(i * RECORD_BYTES + 16, true) & 0xffff,
  }));
}

interface Commands {
  ask(command: string): Promise<readonly string[]>;
  next(kind: string): Promise<readonly string[]>;
}

/** Answers come in the order of the commands. The other lines begin with `answered` or `released`. */
function commandsOf({ process: { stdin, stdout }, exited }: Child): Commands {
  if (stdin === null || stdout === null) throw new Error('a server without pipes');
  const asked: ((line: string) => void)[] = [];
  const waiting = new Map<string, ((fields: string[]) => void)[]>();
  const ended = exited.then((): never => {
    throw new Error('the server of the backends has ended');
  });
  ended.catch(() => {
    // The rejected answer reports it.
  });
  stdin.on('error', () => {
    // EPIPE: the server has ended, which `ended` reports.
  });
  createInterface({ input: stdout }).on('line', (line) => {
    const [kind = '', ...fields] = line.split(' ');
    if (kind === 'answered' || kind === 'released') waiting.get(kind)?.shift()?.(fields);
    else asked.shift()?.(line);
  });
  return {
    async ask(command) {
      const answer = new Promise<string>((resolve) => asked.push(resolve));
      stdin.write(`${command}\n`);
      const [kind, ...fields] = (await Promise.race([answer, ended])).split(' ');
      if (kind === 'error') throw new Error(`${command}: ${fields.join(' ')}`);
      return fields;
    },
    next(kind) {
      const line = new Promise<string[]>((resolve) => {
        waiting.set(kind, [...(waiting.get(kind) ?? []), resolve]);
      });
      return Promise.race([line, ended]);
    },
  };
}
