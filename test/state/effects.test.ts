import { expect, test } from 'vitest';
import { EffectsDraft, NO_EFFECTS } from '../../src/state/effects.ts';

test('a new draft has no effects', () => {
  expect(new EffectsDraft()).toEqual(NO_EFFECTS);
});

test.for([
  [['soon'], 'soon'],
  [['now'], 'now'],
  [['soon', 'now'], 'now'],
  [['now', 'soon'], 'now'],
] as const)('saving %j is saving %s', ([saves, expected]) => {
  const effects = new EffectsDraft();
  for (const when of saves) effects.save(when);
  expect(effects.durable).toBe(expected);
});
