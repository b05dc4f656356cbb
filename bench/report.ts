import type { Outcome, Row } from './row.ts';
import { median, percentile } from './statistics.ts';

export interface Result {
  readonly row: Row;
  readonly outcome: Outcome;
}

/** Null without a bar, or if nothing was measured. */
export function passes({ row, outcome }: Result): boolean | null {
  if (row.bar === null || outcome.kind === 'unavailable') return null;
  if (outcome.kind === 'broken') return false;
  return outcome.figure <= row.bar && outcome.faults.length === 0;
}

/** The report as JSON, for machines. */
export function jsonOf({ row, outcome }: Result) {
  const { name, title, unit, bar, dream } = row;
  const common = { name, title, unit, bar, dream, pass: passes({ row, outcome }) };
  if (outcome.kind !== 'measured') return { ...common, figure: null, [outcome.kind]: outcome.why };
  const { figure, windows, faults, notes } = outcome;
  const of_bar = bar === null ? null : figure / bar;
  const { length: count } = windows;
  return { ...common, figure, of_bar, windows: { count, ...spreadOf(windows) }, faults, notes };
}

/** The report as a table, for people. */
export function tableOf(results: readonly Result[]): string {
  const cells = [HEAD, ...results.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '));
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

const HEAD = ['ROW', 'FIGURE', 'BAR', 'DREAM', 'OF BAR', 'PASS', 'MIN/MED/MAX', 'WHAT'];

function cellsOf(result: Result): string[] {
  const { row, outcome } = result;
  const show = (value: number | null): string =>
    value === null ? '-' : `${digits(value)} ${row.unit}`;
  const bounds = [show(row.bar), show(row.dream)];
  if (outcome.kind !== 'measured') {
    const pass = outcome.kind === 'broken' ? 'NO' : '-';
    return [row.name, '-', ...bounds, '-', pass, '-', `${row.title}: ${outcome.why}`];
  }
  const { figure, windows, faults, notes } = outcome;
  const ofBar = row.bar === null ? '-' : `${((figure / row.bar) * 100).toFixed(0)}%`;
  return [
    row.name,
    show(figure),
    ...bounds,
    ofBar,
    passCell(result, figure),
    Object.values(spreadOf(windows)).map(digits).join('/'),
    [row.title, ...faults.map((fault) => `BUT ${fault}`), ...notes].join('; '),
  ];
}

function passCell(result: Result, figure: number): string {
  const { row, outcome } = result;
  const counts = outcome.kind === 'measured' && outcome.faults.length === 0;
  if (counts && row.dream !== null && figure <= row.dream) return 'dream';
  const pass = passes(result);
  if (pass === null) return '-';
  return pass ? 'yes' : 'NO';
}

function spreadOf(windows: readonly number[]) {
  const [min, max] = [percentile(windows, 0), percentile(windows, 1)];
  return { min, median: median(windows), max };
}

/** Three significant digits: 0.123, 1.23, 12.3, 123, 1234. */
function digits(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}
