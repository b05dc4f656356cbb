import type { Verdict } from '../core/verdict.ts';
import type { ExecResult } from '../process/exec.ts';
import { columns } from './columns.ts';
import type { Context } from './command.ts';
import { paint } from './terminal.ts';

/** The outcome of one check or action that was tried. */
export interface TrialResult {
  readonly title: string;
  readonly ok: boolean;
  readonly verdict: Verdict | null;
  readonly durationMs: number;
  /** How the script or the action ended; null for a network check. */
  readonly process: ExecResult | null;
}

export function trialText({ terminal }: Context, user: string, result: TrialResult): string {
  const { title, ok, verdict, durationMs, process } = result;
  const rows: string[][] = [];
  if (verdict !== null) {
    const reason = verdict.kind === 'pass' ? '' : ` (${verdict.reason})`;
    const kind = paint(terminal, ok ? 'green' : 'red', verdict.kind);
    rows.push(['  verdict', `${kind}${reason}: ${verdict.detail}`]);
  }
  rows.push(['  time', `${Math.round(durationMs * 10) / 10} ms`]);
  if (process !== null) {
    rows.push(['  ended', endingText(process)]);
    if (process.kind !== 'not-started') {
      rows.push(...outputRows('stdout', process.stdout), ...outputRows('stderr', process.stderr));
      const { droppedBytes, left } = process;
      if (droppedBytes !== undefined) rows.push(['  not kept', `${droppedBytes} bytes more`]);
      rows.push(['  left running', LEFT[left ?? 'none']]);
    }
  }
  return `${title}, as ${user}\n${columns(rows)}`;
}

const LEFT = {
  none: 'nothing',
  killed: 'processes, which were killed',
  'out-of-reach': 'a process of another session or user, which is still there',
} as const;

function outputRows(name: string, output: string): string[][] {
  const lines = output.replace(/\n$/, '').split('\n');
  return lines.map((line, i) => [i === 0 ? `  ${name}` : '', line === '' ? '-' : visible(line)]);
}

/** Control characters in a script's output must not reach the terminal. */
function visible(line: string): string {
  return line.replace(/\p{Cc}+/gu, '?');
}

function endingText(result: ExecResult): string {
  switch (result.kind) {
    case 'exited':
      return `exit ${result.code}`;
    case 'signalled':
      return `killed by ${result.signal}`;
    case 'timed-out':
    case 'aborted':
      return 'killed at its deadline';
    case 'not-started':
      return `not started: ${result.message}`;
  }
}
