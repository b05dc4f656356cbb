import { describe, expect, test } from 'vitest';
import { jsonOf, passes, tableOf } from '../../bench/report.ts';
import type { Outcome, Row } from '../../bench/row.ts';

const ROW: Row = { name: 'tcp', title: 'TCP / floor', unit: 'x', bar: 1.9, dream: 1.4 };

function measured(figure: number, faults: readonly string[] = []): Outcome {
  return { kind: 'measured', figure, windows: [figure - 0.1, figure + 0.1], faults, notes: ['so'] };
}

describe('a row', () => {
  test('passes at its bar, and not beyond it', () => {
    expect(passes({ row: ROW, outcome: measured(1.9) })).toBe(true);
    expect(passes({ row: ROW, outcome: measured(1.91) })).toBe(false);
  });

  test('does not pass by a figure that does not count', () => {
    expect(passes({ row: ROW, outcome: measured(1, ['900 checks/s of 1000']) })).toBe(false);
    expect(passes({ row: ROW, outcome: { kind: 'broken', why: 'it fell over' } })).toBe(false);
  });

  test('neither passes nor misses without a bar, or where something lacks', () => {
    expect(passes({ row: { ...ROW, bar: null }, outcome: measured(9) })).toBe(null);
    expect(passes({ row: ROW, outcome: { kind: 'unavailable', why: 'no cc' } })).toBe(null);
  });
});

test('the table has a line a row, with the spread and what speaks against the figure', () => {
  const lines = tableOf([
    { row: ROW, outcome: measured(1.3) },
    { row: { ...ROW, name: 'http' }, outcome: measured(150, ['too few']) },
    { row: { ...ROW, name: 'watch' }, outcome: { kind: 'unavailable', why: 'no cc' } },
  ]).split('\n');
  expect(lines).toEqual([
    'ROW    FIGURE  BAR     DREAM   OF BAR  PASS   MIN/MED/MAX     WHAT',
    'tcp    1.30 x  1.90 x  1.40 x  68%     dream  1.20/1.30/1.40  TCP / floor; so',
    'http   150 x   1.90 x  1.40 x  7895%   NO     150/150/150     TCP / floor; BUT too few; so',
    'watch  -       1.90 x  1.40 x  -       -      -               TCP / floor: no cc',
    '',
  ]);
});

test('JSON has the figure, the bar and every window', () => {
  expect(jsonOf({ row: ROW, outcome: measured(1.9) })).toEqual({
    name: 'tcp',
    title: 'TCP / floor',
    unit: 'x',
    bar: 1.9,
    dream: 1.4,
    pass: true,
    figure: 1.9,
    of_bar: 1,
    windows: { count: 2, min: 1.9 - 0.1, median: 1.9, max: 2 },
    faults: [],
    notes: ['so'],
  });
});
