import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backendName } from '../../src/core/names.ts';
import type { AdminState } from '../../src/core/override.ts';
import { isProbed } from '../../src/state/backend.ts';
import type { Clock } from '../../src/sys/clock.ts';
import { FAIL, INCONCLUSIVE, PASS, scopeOf } from '../daemon/wiring.ts';
import { type Ending, lostOverrides, stickyClients, wrongWith } from './ending.ts';
import type { Machine } from './machine.ts';
import type { Mutant } from './mutant.ts';
import { type HfmProcess, startProcess } from './process.ts';
import { addressesIn, configOf, FOREIGN, NAMES, type Shape, TABLES, type Table } from './shape.ts';
import type { Step, Story } from './step.ts';
import { createTimeline } from './timeline.ts';
import { Witness } from './witness.ts';

/** For the state files and stand-ins of the histories: in memory, if the system has /dev/shm. */
export const SCRATCH = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Longer than the first round of probes, the move into new tables and a pfctl that hangs. */
const SETTLE_MS = 25_000;
/** hfm ends source nodes 50 in 250 ms, and tries again after a minute where pf refuses. */
const CLEANUP_MS = 75_000;
const STOP_MS = 10_000;

export interface Played {
  /** What was wrong, in sentences; none for a good history. */
  readonly problems: readonly string[];
  /** Its steps and what hfm asked of pf, with the milliseconds since it began. */
  readonly trace: readonly string[];
}

export interface Conditions {
  readonly createMachine: (clock: Clock) => Machine;
  readonly resyncMs: number;
  readonly mutant?: Mutant | null;
}

/** Plays a story against hfm on a machine, ends all faults, and checks the result. */
export async function play(
  story: Story,
  { createMachine, resyncMs, mutant = null }: Conditions,
): Promise<Played> {
  const { clock, advance } = createTimeline();
  const machine = createMachine(clock);
  const folder = mkdtempSync(join(SCRATCH, 'hfm-history-'));
  try {
    const history = new History({ clock, advance, machine, folder, resyncMs, mutant }, story);
    await history.begin();
    for (const step of story.steps) await history.play(step);
    const problems = await history.end();
    return { problems, trace: history.trace };
  } finally {
    machine.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface HistoryDeps {
  readonly clock: Clock;
  readonly advance: (ms: number, idle: () => Promise<void>) => Promise<void>;
  readonly machine: Machine;
  readonly folder: string;
  readonly resyncMs: number;
  readonly mutant: Mutant | null;
}

class History {
  readonly #deps: HistoryDeps;
  readonly #witness: Witness;
  readonly #stateFile: string;
  #shape: Shape;
  #hfm: HfmProcess;
  #clients = 0;
  /** Tables whose foreign entries may be gone: an exclusive pool had them, or they were destroyed. */
  readonly #foreignGone = new Set<Table>();

  constructor(deps: HistoryDeps, story: Story) {
    this.#deps = deps;
    this.#shape = story.first;
    this.#stateFile = join(deps.folder, 'state.json');
    this.#witness = new Witness(deps.clock, deps.machine, configOf(story.first, deps.resyncMs));
    for (const [i, table] of TABLES.entries()) {
      const bits = story.held[i] ?? 0;
      const own = NAMES.flatMap((name) => addressesIn(table, name));
      deps.machine.put(table, [...own.filter((_, j) => (bits >> j) & 1), ...FOREIGN[table]]);
    }
    this.#hfm = this.#start();
  }

  get trace(): readonly string[] {
    return this.#witness.trace;
  }

  async begin(): Promise<void> {
    await this.#wait(0);
  }

  async play(step: Step): Promise<void> {
    const { machine } = this.#deps;
    this.#witness.note(`--- ${JSON.stringify(step)}`);
    await this.#playAlive(step);
    // If hfmd was killed during a call of pfctl, `dead` says so now.
    await this.#wait(0);
    if (!this.#hfm.dead) this.#witness.checkViews(this.#hfm);
    if (this.#hfm.dead) {
      this.#witness.restart(false);
      machine.release();
      this.#hfm = this.#start();
      await this.#wait(0);
    }
  }

  /** Ends all faults, waits as long as hfm may take, and returns what is still wrong. */
  async end(): Promise<readonly string[]> {
    const { machine } = this.#deps;
    await this.play({ kind: 'wait', ms: SETTLE_MS });
    this.#hfm.killAt({ at: 'before', calls: Number.POSITIVE_INFINITY });
    machine.fault(null);
    await this.#wait(0);
    for (const table of TABLES) if (machine.entries(table) === null) this.#remake(table);
    // Within one capped backoff and one resync.
    await this.#wait(2 * this.#deps.resyncMs);
    const ending: Ending = {
      machine,
      witness: this.#witness,
      hfm: this.#hfm,
      foreignGone: this.#foreignGone,
    };
    const problems = TABLES.flatMap((table) => wrongWith(ending, table));
    problems.push(...this.#witness.problems, ...lostOverrides(ending));
    for (let ms = 0; ms < CLEANUP_MS && stickyClients(ending).length > 0; ms += 5000) {
      await this.#wait(5000);
    }
    problems.push(...stickyClients(ending));
    this.#hfm.kill();
    return problems;
  }

  async #playAlive(step: Step): Promise<void> {
    const { machine } = this.#deps;
    switch (step.kind) {
      case 'verdicts':
        await this.#untilStarted();
        for (let i = 0; i < step.times && !this.#hfm.dead; i++) {
          this.#verdict(step.name, step.verdict);
          // The fast interval.
          await this.#wait(200);
          if (!this.#hfm.dead) this.#witness.checkViews(this.#hfm);
        }
        return;
      case 'override':
        await this.#untilStarted();
        return this.#override(step.scope, step.state);
      case 'reload':
        await this.#untilStarted();
        return this.#reload(step.shape);
      case 'crash':
        if (step.at === 'now') this.#hfm.kill();
        else this.#hfm.killAt({ at: step.at, calls: step.calls });
        return;
      case 'restart':
        return this.#restart(step);
      case 'fault':
        return machine.fault(step.fault);
      case 'drift':
        return this.#drift(step.table, step.kept, step.put);
      case 'drop':
        if (machine.entries(step.table) === null) return;
        this.#foreignGone.add(step.table);
        machine.drop(step.table);
        return this.#witness.changedByOthers(step.table, [], []);
      case 'clients':
        return this.#connect(step.table, step.name);
      case 'wait':
        return this.#wait(step.ms);
    }
  }

  #start(): HfmProcess {
    const { clock, machine, mutant } = this.#deps;
    this.#noteExclusive();
    if (mutant?.isForgetful === true) rmSync(this.#stateFile, { force: true });
    const watched = this.#witness.watch(machine.driver);
    const driver = mutant?.driver?.(watched) ?? watched;
    const deps = { clock, driver, stateFile: this.#stateFile };
    const more = mutant?.mutate === undefined ? {} : { mutate: mutant.mutate };
    const hfm = startProcess({ ...deps, ...more }, this.#config());
    this.#witness.follow(hfm);
    return hfm;
  }

  /** The configuration of hfm. A mutant may change it; the witness has the true one. */
  #config() {
    const config = configOf(this.#shape, this.#deps.resyncMs);
    return this.#deps.mutant?.config?.(config) ?? config;
  }

  async #untilStarted(): Promise<void> {
    if (!this.#hfm.started && !this.#hfm.dead) await this.#wait(1000);
  }

  #verdict(name: string, verdict: 'pass' | 'fail' | 'inconclusive'): void {
    const { view } = this.#hfm;
    const backend = view.backends.get(backendName(name));
    // The scheduler does not probe these.
    if (backend === undefined || backend.checks.some(({ config }) => config.mode !== 'check')) {
      return;
    }
    if (!isProbed(view, backend)) return;
    this.#witness.grounds.verdict(name, verdict, this.#hfm);
    const given = verdict === 'pass' ? PASS : verdict === 'fail' ? FAIL : INCONCLUSIVE;
    const atMs = this.#deps.clock.wallMs();
    this.#hfm.record(backend.config.name, 'tcp', { verdict: given, durationMs: 1, atMs });
  }

  #override(key: string, state: AdminState): void {
    const { rooms, view } = this.#hfm;
    if (this.#hfm.dead) return;
    const scope = scopeOf(key);
    const backend = view.backends.get(scope.backend);
    const isMember = backend?.config.memberships.some(({ pool }) => pool === scope.pool) === true;
    if (backend === undefined || (scope.pool !== null && !isMember)) return;
    const sinceMs = this.#deps.clock.wallMs();
    const more = { by: 'anna', reason: null, sinceMs, untilMs: null };
    const override = state === 'ready' ? null : { state, ...more };
    rooms.apply(rooms.state.override([scope], override, 'anna'));
    this.#witness.grounds.override(key, state, this.#hfm);
  }

  #reload(shape: Shape): void {
    if (this.#hfm.dead) return;
    this.#shape = shape;
    this.#noteExclusive();
    this.#witness.configure(configOf(shape, this.#deps.resyncMs), 'reloaded');
    this.#hfm.reload(this.#config());
  }

  async #restart({ disk, shape }: Extract<Step, { kind: 'restart' }>): Promise<void> {
    let stopped = false;
    void this.#hfm.stop().then(() => {
      stopped = true;
    });
    await this.#wait(0);
    if (!stopped) await this.#wait(STOP_MS);
    this.#hfm.kill();
    this.#deps.machine.release();
    const hadState = existsSync(this.#stateFile);
    if (disk === 'torn' && hadState) truncateSync(this.#stateFile, 40);
    if (disk === 'empty') writeFileSync(this.#stateFile, '');
    if (disk === 'newer') writeFileSync(this.#stateFile, '{"version":2}');
    if (shape !== null) {
      this.#shape = shape;
      this.#witness.configure(configOf(shape, this.#deps.resyncMs), 'while stopped');
    }
    this.#witness.restart(disk !== 'kept');
    this.#hfm = this.#start();
  }

  #drift(table: Table, kept: number, put: number): void {
    const { machine } = this.#deps;
    const held = machine.entries(table);
    if (held === null) return;
    const own = NAMES.flatMap((name) => addressesIn(table, name));
    const added = own.filter((_, i) => (put >> i) & 1);
    const left = held.filter((_, i) => (kept >> i) & 1);
    const after = [...new Set([...left, ...added, ...FOREIGN[table]])];
    machine.put(table, after);
    this.#witness.changedByOthers(table, held, after);
  }

  #remake(table: Table): void {
    this.#deps.machine.put(table, FOREIGN[table]);
    this.#witness.changedByOthers(table, [], FOREIGN[table]);
    this.#foreignGone.add(table);
  }

  #noteExclusive(): void {
    for (const table of TABLES) {
      const isExclusive = this.#shape.pools[table] !== null && this.#shape.exclusive[table];
      if (isExclusive) this.#foreignGone.add(table);
    }
  }

  /** A client connects. Its source node leads to an address that the table holds now. */
  #connect(table: Table, name: string): void {
    const { machine } = this.#deps;
    for (const backend of addressesIn(table, name)) {
      if (machine.entries(table)?.includes(backend) !== true) continue;
      this.#clients += 1;
      const client = backend.includes(':')
        ? `2001:db8:c::${this.#clients.toString(16)}`
        : `198.18.0.${this.#clients % 250}`;
      machine.addSource({ client, backend });
      this.#witness.served(backend);
    }
  }

  #wait(ms: number): Promise<void> {
    return this.#deps.advance(ms, () => this.#deps.machine.idle());
  }
}
