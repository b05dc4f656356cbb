import { existsSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Clock } from '../sys/clock.ts';
import { ownMachines } from '../sys/program-file.ts';
import type { RunScript, ScriptRequest, ScriptResult } from './exec.ts';
import { ANSWER_MS, StarterLink } from './starter-link.ts';
import { STARTER_ARGUMENT } from './starter-messages.ts';

/** Runs scripts by a small process of its own: fork(2) of hfmd copies its page tables and stops its loop. */
export interface ScriptStarter {
  readonly run: RunScript;
  /** Ends the process; the next script starts another. */
  stop(): void;
}

export interface StarterDeps {
  readonly clock: Clock;
  /** Runs the script where the starter can't. */
  readonly exec: RunScript;
  /** The argv of each starter that may be there, the best first. */
  readonly commands: readonly (readonly string[])[];
  /** Hears why the starter ended by itself. */
  readonly onTrouble: (detail: string) => void;
  /** How long after an abort the result may come; 15 without it. */
  readonly answerMs?: number;
}

const FIRST_WAIT_MS = 100;
/** Less than what a node problem outlives, so that status names it for as long as it lasts. */
const MAX_WAIT_MS = 10_000;

/**
 * The starter is started with the first script, which waits for it. While there is none, and when it
 * hangs, scripts are run by `exec`. One that ended is replaced after 100 ms, then after twice as long
 * each time, up to 10 s; one that held for longer than that counts as the first. One that ends before
 * it was ready is not for this machine: the next of `commands` takes its place.
 */
export function createScriptStarter(deps: StarterDeps): ScriptStarter {
  const { clock, exec, commands, onTrouble, answerMs = ANSWER_MS } = deps;
  let chosen = 0;
  let link: StarterLink | null = null;
  let waitMs = 0;
  let notBeforeMs = Number.NEGATIVE_INFINITY;

  const open = (): StarterLink => {
    const openedMs = clock.monotonicMs();
    const opened = new StarterLink({
      clock,
      command: commands[chosen] ?? [],
      answerMs,
      onEnd(why) {
        if (link !== opened) return;
        link = null;
        const nowMs = clock.monotonicMs();
        const held = nowMs - openedMs > MAX_WAIT_MS;
        waitMs = held || waitMs === 0 ? FIRST_WAIT_MS : Math.min(MAX_WAIT_MS, waitMs * 2);
        notBeforeMs = nowMs + waitMs;
        if (!opened.wasReady && chosen < commands.length - 1) chosen += 1;
        onTrouble(`the process that starts scripts ended: ${why}`);
      },
    });
    opened.open();
    return opened;
  };

  /** What a starter was to run that never was ready, nobody has begun. */
  const runBy = async (one: StarterLink, request: ScriptRequest): Promise<ScriptResult> => {
    const result = await one.run(request);
    const isUnbegun = result.kind === 'lost' && !one.wasReady && !request.signal?.aborted;
    return isUnbegun ? exec(request) : result;
  };

  return {
    run(request) {
      if (link === null && clock.monotonicMs() >= notBeforeMs) link = open();
      return link?.isWell ? runBy(link, request) : exec(request);
    },
    stop() {
      const last = link;
      link = null;
      last?.close();
    },
  };
}

/**
 * The starters that `program`, hfmd itself, may have. The larger a process, the more pages there are
 * to care for when it forks: perl has 7 MB, Node 45. OpenBSD has perl in its base system, FreeBSD as
 * a package. The other is hfmd itself once more, with its heap kept small.
 */
export function starterCommands(program: string): string[][] {
  const perl = PERLS.find((one) => existsSync(one));
  const folder = dirname(realpathSync(program));
  const script = SCRIPTS.map((path) => resolve(folder, path)).find((one) => existsSync(one));
  const small = ['--max-semi-space-size=1', '--no-opt', '--single-threaded'];
  return [
    ...(perl === undefined || script === undefined
      ? []
      : [[perl, script, ...ownMachines().map(String)]]),
    [process.execPath, ...small, program, STARTER_ARGUMENT],
  ];
}

const PERLS = ['/usr/bin/perl', '/usr/local/bin/perl'];

/** From the folder of hfmd: as it is installed, unpacked, and built in the project itself. */
const SCRIPTS = [
  '../libexec/hfm/script-starter',
  '../libexec/script-starter',
  '../../libexec/script-starter',
];
