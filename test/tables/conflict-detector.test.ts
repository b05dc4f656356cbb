import { expect, test } from 'vitest';
import { createConflictDetector } from '../../src/tables/conflict-detector.ts';

test('drifts far apart are single ones', () => {
  const detector = createConflictDetector(1000);
  expect([0, 900, 1800, 2700].map((ms) => detector.note(ms))).toEqual(new Array(4).fill('single'));
  expect(detector.drifts).toBe(0);
});

test('the third within the window begins a conflict, told once', () => {
  const detector = createConflictDetector(1000);
  expect([0, 100, 200, 300].map((ms) => detector.note(ms))).toEqual([
    'single',
    'single',
    'begins',
    'goes-on',
  ]);
  expect(detector.drifts).toBe(4);
});

test('a window without a drift ends the conflict, told once with its drifts', () => {
  const detector = createConflictDetector(1000);
  for (const ms of [0, 100, 200, 300]) detector.note(ms);
  expect(detector.endIfQuiet(1299)).toBeNull();
  expect(detector.endIfQuiet(1300)).toBe(4);
  expect(detector.endIfQuiet(9999)).toBeNull();
  expect(detector.note(10_000)).toBe('single');
});

test('what was no conflict does not end', () => {
  const detector = createConflictDetector(1000);
  detector.note(0);
  expect(detector.endIfQuiet(5000)).toBeNull();
});
