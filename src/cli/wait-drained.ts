import type { Answer } from '../client/client.ts';
import { formatDuration } from '../core/duration.ts';
import type { ExplainJson, KillJson, StatesJson } from '../protocol/protocol.ts';
import { withSnakeCaseInside } from '../protocol/snake-case.ts';
import { type Context, failed, printJson } from './command.ts';
import { EXIT } from './exit-status.ts';
import type { Interrupts } from './terminal.ts';

export interface WaitOptions {
  readonly timeoutMs: number;
  /** Whether to end, at the timeout, the connections that are left. */
  readonly kill: boolean;
}

const POLL_MS = 1000;
/** The last request may start at the end of the timeout, and hfmd may have to wait for pf. */
const GRACE_MS = 5000;

/** Waits until no connection goes to the members any more. */
export async function waitDrained(
  context: Context,
  names: readonly string[],
  { timeoutMs, kill }: WaitOptions,
): Promise<number> {
  const { terminal } = context;
  const interrupts = terminal.catchInterrupts();
  const deadlineMs = terminal.monotonicMs() + timeoutMs;
  const before = new Map<string, Left>();
  try {
    for (;;) {
      const left = await countLeft(context, names, deadlineMs - terminal.monotonicMs() + GRACE_MS);
      if (left.kind !== 'ok') return gaveUp(context, left);
      const returned = left.value.find(({ isOut }) => !isOut);
      if (returned !== undefined) return notDrained(context, returned.name);
      report(context, left.value, before);
      const waiting = left.value.filter(isWaitedFor);
      if (waiting.length === 0) return done(context, left.value);
      const restMs = deadlineMs - terminal.monotonicMs();
      if (restMs <= 0) {
        if (!kill) return timedOut(context, waiting, timeoutMs);
        const ended = await endLeft(context, waiting, interrupts);
        if (ended.kind !== 'ok') return failed(context, ended);
        return interrupts.interrupted
          ? interrupted(context, names)
          : await countAfter(context, waiting, timeoutMs);
      }
      await interrupts.pause(Math.min(POLL_MS, restMs));
      if (interrupts.interrupted) return interrupted(context, names);
    }
  } finally {
    interrupts.release();
  }
}

interface Left {
  readonly name: string;
  readonly open: number;
  /** Clients whose new connections still go there. */
  readonly sticky: number;
  /** Whether pf has yet to confirm that the addresses are out. */
  readonly pending: boolean;
  /** Whether the override is still drain or maint. */
  readonly isOut: boolean;
}

function isWaitedFor({ open, sticky, pending }: Left): boolean {
  return pending || open + sticky > 0;
}

async function countLeft(
  { client }: Context,
  names: readonly string[],
  timeoutMs?: number,
): Promise<Answer<readonly Left[]>> {
  const left: Left[] = [];
  for (const name of names) {
    const explained = await client.get<ExplainJson>('/v1/explain', { name }, timeoutMs);
    if (explained.kind !== 'ok') return explained;
    const counted = await client.get<StatesJson>('/v1/states', { name }, timeoutMs);
    if (counted.kind !== 'ok') return counted;
    const pool = name.includes('/') ? name.slice(0, name.indexOf('/')) : null;
    const { backend } = explained.value;
    const pools = backend.pools.filter((one) => pool === null || one.name === pool);
    const states = pools.length > 0 ? pools.map((one) => one.admin.state) : [backend.admin.state];
    left.push({
      name,
      open: counted.value.open,
      sticky: counted.value.sticky ?? 0,
      pending: pools.some((one) => one.pending),
      isOut: states.every((state) => state === 'drain' || state === 'maint'),
    });
  }
  return { kind: 'ok', value: left };
}

/** Prints a line for each member whose numbers have changed, with the change of its connections. */
function report(
  { terminal, json }: Context,
  left: readonly Left[],
  before: Map<string, Left>,
): void {
  for (const one of left) {
    const known = before.get(one.name);
    before.set(one.name, one);
    if (json || (known !== undefined && leftText(known) === leftText(one))) continue;
    const change = one.open - (known?.open ?? one.open);
    const trend = known === undefined ? '' : ` (${change > 0 ? '+' : ''}${change})`;
    terminal.out(`${one.name}: ${leftText(one, trend)}\n`);
  }
}

function leftText({ open, sticky, pending }: Left, trend = ''): string {
  const parts = [`${open} connection${open === 1 ? '' : 's'} left${trend}`];
  if (sticky > 0) parts.push(`${sticky} sticky client${sticky === 1 ? '' : 's'} still sent there`);
  if (pending) parts.push('pf has not confirmed the removal yet');
  return parts.join(', ');
}

function done(context: Context, left: readonly Left[]): number {
  if (context.json) printJson(context, withSnakeCaseInside({ drained: true, left }));
  else context.terminal.out(`${left.map(({ name }) => name).join(', ')}: drained\n`);
  return EXIT.ok;
}

function timedOut(context: Context, left: readonly Left[], timeoutMs: number): number {
  if (context.json) printJson(context, withSnakeCaseInside({ drained: false, left }));
  for (const one of left) {
    const after = formatDuration(timeoutMs);
    context.terminal.err(`hfmctl: ${one.name}: ${leftText(one)} after ${after}; the drain stays\n`);
  }
  return EXIT.timedOut;
}

/** Ends the connections that are left, one share a request; Ctrl-C stops it after the present share. */
async function endLeft(
  { client, terminal, json }: Context,
  waiting: readonly Left[],
  interrupts: Interrupts,
): Promise<Answer<null>> {
  for (const { name } of waiting) {
    let killed = 0;
    for (let left = 1; left > 0 && !interrupts.interrupted; ) {
      const answer = await client.post<KillJson>('/v1/kill-states', { name });
      if (answer.kind !== 'ok') return answer;
      killed += answer.value.killed;
      left = answer.value.killed > 0 ? answer.value.left : 0;
    }
    if (!json) terminal.out(`${name}: ended ${killed} states\n`);
  }
  return { kind: 'ok', value: null };
}

/** Counts again: a kill may have had no effect, and it does not release sticky clients. */
async function countAfter(
  context: Context,
  waiting: readonly Left[],
  timeoutMs: number,
): Promise<number> {
  const names = waiting.map(({ name }) => name);
  const left = await countLeft(context, names);
  if (left.kind !== 'ok') return failed(context, left);
  const remaining = left.value.filter(isWaitedFor);
  return remaining.length > 0 ? timedOut(context, remaining, timeoutMs) : done(context, left.value);
}

/** Its --for time has ended, or somebody else made it ready. */
function notDrained({ terminal }: Context, name: string): number {
  terminal.err(`hfmctl: ${name} is not drained any more\n`);
  return EXIT.degraded;
}

function gaveUp(context: Context, answer: Exclude<Answer<unknown>, { kind: 'ok' }>): number {
  const status = failed(context, answer);
  context.terminal.err('hfmctl: no more waiting; the drain stays\n');
  return status;
}

function interrupted({ terminal }: Context, names: readonly string[]): number {
  terminal.err(`hfmctl: interrupted; the drain stays. "hfmctl ready ${names.join(' ')}" ends it\n`);
  return EXIT.timedOut;
}
