import { describe, expect, test } from 'vitest';
import { A, allUp, B, FOREIGN, LONG_MS, started, TWO } from './two-backends.ts';
import { FAIL, PASS } from './wiring.ts';

describe('a start', () => {
  test('adopts what the tables hold and changes nothing', async () => {
    const { clock, pf } = await started(TWO, { web: [A, FOREIGN] });
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, FOREIGN]);
    expect(pf.calls.every(({ operation }) => operation === 'show')).toBe(true);
  });

  test('an unchanged reading of a table changes no decision', async () => {
    const { clock, pf, goalsSet } = await allUp();
    const goals = goalsSet();
    await clock.advance(LONG_MS);
    expect(pf.calls.filter(({ operation }) => operation === 'show').length).toBeGreaterThan(5);
    expect(goalsSet()).toBe(goals);
    pf.put('web', [A, FOREIGN]);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B, FOREIGN]);
    expect(goalsSet()).toBeGreaterThan(goals);
  });

  test('the first verdict needs rise or fall where it contradicts the tables', async () => {
    const { clock, pf, probe } = await started(TWO, { web: [A] });
    probe('lb2', PASS);
    probe('lb1', FAIL);
    probe('lb1', FAIL);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A]);
    probe('lb2', PASS);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B]);
    probe('lb1', FAIL);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([B]);
  });

  test('a table that is read late is adopted then', async () => {
    const { clock, pf, probe } = await started(TWO, {});
    for (let i = 0; i < 3; i++) probe('lb1', FAIL);
    pf.put('web', [A, B]);
    await clock.advance(5000);
    expect(pf.entries('web')).toContain(B);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([B]);
  });
});
