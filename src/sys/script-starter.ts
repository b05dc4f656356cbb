import type { Clock } from './clock.ts';
import type { RunScript } from './exec.ts';
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
  /** argv of the starter. */
  readonly command: readonly string[];
  /** Hears why the starter ended by itself. */
  readonly onTrouble: (detail: string) => void;
  /** How long after an abort the result may come; 15 without it. */
  readonly answerMs?: number;
}

const FIRST_WAIT_MS = 100;
/** Less than what a node problem outlives, so that status names it for as long as it lasts. */
const MAX_WAIT_MS = 10_000;

/**
 * The starter is started with the first script. Until it is ready, and while there is none, scripts
 * are run by `exec`, so that nobody waits for it. One that ended is replaced after 100 ms, then after
 * twice as long each time, up to 10 s; one that held for longer than that counts as the first.
 */
export function createScriptStarter(deps: StarterDeps): ScriptStarter {
  const { clock, exec, command, onTrouble, answerMs = ANSWER_MS } = deps;
  let link: StarterLink | null = null;
  let waitMs = 0;
  let notBeforeMs = Number.NEGATIVE_INFINITY;

  const open = (): StarterLink => {
    const openedMs = clock.monotonicMs();
    const opened = new StarterLink({
      clock,
      command,
      answerMs,
      onEnd(why) {
        if (link !== opened) return;
        link = null;
        const nowMs = clock.monotonicMs();
        const held = nowMs - openedMs > MAX_WAIT_MS;
        waitMs = held || waitMs === 0 ? FIRST_WAIT_MS : Math.min(MAX_WAIT_MS, waitMs * 2);
        notBeforeMs = nowMs + waitMs;
        onTrouble(`the process that starts scripts ended: ${why}`);
      },
    });
    opened.open();
    return opened;
  };

  return {
    run(request) {
      if (link === null && clock.monotonicMs() >= notBeforeMs) link = open();
      return link?.isWell ? link.run(request) : exec(request);
    },
    stop() {
      const last = link;
      link = null;
      last?.close();
    },
  };
}

/**
 * The argv that runs `program`, hfmd itself, as the starter. Its heap stays small: what it costs to
 * fork is in proportion.
 */
export function starterCommand(program: string): string[] {
  return [
    process.execPath,
    '--max-semi-space-size=1',
    '--no-opt',
    '--single-threaded',
    program,
    STARTER_ARGUMENT,
  ];
}
