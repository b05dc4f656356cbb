import { existsSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Clock } from '../sys/clock.ts';
import { ownMachines } from '../sys/program-file.ts';
import type { RunScript, ScriptRequest, ScriptResult } from './exec.ts';
import { ANSWER_MS, StarterLink } from './starter-link.ts';
import { STARTER_ARGUMENT } from './starter-messages.ts';

/** Runs scripts by a small process: fork(2) of hfmd would copy its page tables and pause its event loop. */
export interface ScriptStarter {
  readonly run: RunScript;
  /** Ends the process. The next script starts another. */
  stop(): void;
}

export interface StarterDeps {
  readonly clock: Clock;
  /** Runs a script when the starter can't. */
  readonly exec: RunScript;
  /** The argv of each possible starter, the best first. */
  readonly commands: readonly (readonly string[])[];
  /** Gets the reason when the starter has ended by itself. */
  readonly onTrouble: (detail: string) => void;
  /** The latest time after an abort for the result, in milliseconds. Default: 15. */
  readonly answerMs?: number;
}

const FIRST_WAIT_MS = 100;
/** Less than a node problem lasts after it was last seen, so that status shows it all the time. */
const MAX_WAIT_MS = 10_000;

/**
 * The first script starts the starter and waits for it. Without a starter, and while it hangs, `exec`
 * runs the scripts. A starter that ended is replaced after 100 ms, then after twice as long each time,
 * up to 10 s; after one that lasted for longer than 10 s the pauses begin again with 100 ms. A starter
 * that ended before it was ready does not work on this machine: the next of `commands` replaces it.
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
        const lasted = nowMs - openedMs > MAX_WAIT_MS;
        waitMs = lasted || waitMs === 0 ? FIRST_WAIT_MS : Math.min(MAX_WAIT_MS, waitMs * 2);
        notBeforeMs = nowMs + waitMs;
        if (!opened.wasReady && chosen < commands.length - 1) chosen += 1;
        onTrouble(`the process that starts scripts ended: ${why}`);
      },
    });
    opened.open();
    return opened;
  };

  /** A starter that was never ready has started no script, so `exec` may run it. */
  const runBy = async (one: StarterLink, request: ScriptRequest): Promise<ScriptResult> => {
    const result = await one.run(request);
    const isNotStarted = result.kind === 'lost' && !one.wasReady && !request.signal?.aborted;
    return isNotStarted ? exec(request) : result;
  };

  return {
    run(request) {
      if (link === null && clock.monotonicMs() >= notBeforeMs) link = open();
      return link?.isResponsive ? runBy(link, request) : exec(request);
    },
    stop() {
      const last = link;
      link = null;
      last?.close();
    },
  };
}

/**
 * The possible starters of `program`, hfmd itself. A fork costs more the more memory a process has: perl
 * has 7 MB, Node 45. OpenBSD has perl in its base system, FreeBSD as a package. The second starter is
 * hfmd once more, with a small heap.
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

/** From the folder of hfmd: where it is installed, unpacked, or built in the project. */
const SCRIPTS = [
  '../libexec/hfm/script-starter',
  '../libexec/script-starter',
  '../../libexec/script-starter',
];
