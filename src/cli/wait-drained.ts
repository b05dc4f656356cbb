import type { Answer } from '../control/client.ts';
import type { ExplainJson, KillJson, StatesJson } from '../control/protocol.ts';
import { formatDuration } from '../core/duration.ts';
import { type Context, failed, printJson } from './command.ts';
import { EXIT } from './exit-status.ts';

export interface WaitOptions {
  readonly timeoutMs: number;
  /** Whether what is left at the timeout is ended. */
  readonly kill: boolean;
}

const POLL_MS = 1000;

/** Follows the connections that still go to the members, down to none. */
export async function waitDrained(
  context: Context,
  names: readonly string[],
  { timeoutMs, kill }: WaitOptions,
): Promise<number> {
  const { terminal } = context;
  const interrupts = terminal.catchInterrupts();
  const deadlineMs = terminal.wallMs() + timeoutMs;
  const before = new Map<string, number>();
  try {
    for (;;) {
      const left = await countLeft(context, names);
      if (left.kind !== 'ok') return failed(context, left);
      report(context, left.value, before);
      const waiting = left.value.filter(({ open, pending }) => pending || open > 0);
      if (waiting.length === 0) return done(context, left.value);
      const restMs = deadlineMs - terminal.wallMs();
      if (restMs <= 0) {
        return kill ? await endLeft(context, waiting) : timedOut(context, waiting, timeoutMs);
      }
      await interrupts.pause(Math.min(POLL_MS, restMs));
      if (interrupts.interrupted) return stay(context, names);
    }
  } finally {
    interrupts.release();
  }
}

interface Left {
  readonly name: string;
  readonly open: number;
  /** pf has yet to confirm that the addresses are out. */
  readonly pending: boolean;
}

async function countLeft(
  { client }: Context,
  names: readonly string[],
): Promise<Answer<readonly Left[]>> {
  const left: Left[] = [];
  for (const name of names) {
    const explained = await client.get<ExplainJson>('/v1/explain', { name });
    if (explained.kind !== 'ok') return explained;
    const states = await client.get<StatesJson>('/v1/states', { name });
    if (states.kind !== 'ok') return states;
    const pool = name.includes('/') ? name.slice(0, name.indexOf('/')) : null;
    const pending = explained.value.backend.pools.some(
      (one) => one.pending && (pool === null || one.name === pool),
    );
    left.push({ name, open: states.value.open, pending });
  }
  return { kind: 'ok', value: left };
}

/** A line for each number that changed, with the way it goes. */
function report(
  { terminal, json }: Context,
  left: readonly Left[],
  before: Map<string, number>,
): void {
  for (const { name, open, pending } of left) {
    const known = before.get(name);
    before.set(name, open);
    if (json || known === open) continue;
    const trend = known === undefined ? '' : ` (${open > known ? '+' : ''}${open - known})`;
    const unproven = pending ? '; pf has not confirmed the removal yet' : '';
    terminal.out(`${name}: ${connections(open)} left${trend}${unproven}\n`);
  }
}

function done(context: Context, left: readonly Left[]): number {
  if (context.json) printJson(context, { drained: true, left });
  else context.terminal.out(`${left.map(({ name }) => name).join(', ')}: drained\n`);
  return EXIT.ok;
}

function timedOut(context: Context, left: readonly Left[], timeoutMs: number): number {
  if (context.json) printJson(context, { drained: false, left });
  for (const { name, open, pending } of left) {
    const what = pending ? 'pf has not confirmed the removal' : `${connections(open)} left`;
    context.terminal.err(
      `hfmctl: ${name}: ${what} after ${formatDuration(timeoutMs)}; the drain stays\n`,
    );
  }
  return EXIT.timedOut;
}

async function endLeft(context: Context, left: readonly Left[]): Promise<number> {
  for (const { name } of left) {
    const answer = await context.client.post<KillJson>('/v1/kill-states', { name });
    if (answer.kind !== 'ok') return failed(context, answer);
    if (!context.json) context.terminal.out(`${name}: ended ${answer.value.killed} states\n`);
  }
  if (context.json) printJson(context, { drained: true, killed: left });
  return EXIT.ok;
}

function stay({ terminal }: Context, names: readonly string[]): number {
  terminal.err(`hfmctl: interrupted; the drain stays. "hfmctl ready ${names.join(' ')}" ends it\n`);
  return EXIT.timedOut;
}

function connections(n: number): string {
  return `${n} connection${n === 1 ? '' : 's'}`;
}
