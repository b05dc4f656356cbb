import { expect, test } from 'vitest';
import type { HfmEvent, StampedEvent } from '../../src/events/event.ts';
import { createEventLog } from '../../src/events/event-log.ts';
import { createFakeClock, START_WALL_MS } from '../fakes/clock.ts';

const RELOADED: HfmEvent = { kind: 'reload', ok: true, errors: [] };

test('events are numbered from 1 and have their wall time', async () => {
  const clock = createFakeClock();
  const log = createEventLog(clock);
  log.emit(RELOADED);
  await clock.advance(1500);
  log.emit({ kind: 'stop' });
  expect(log.recent()).toEqual([
    { seq: 1, atMs: START_WALL_MS, event: RELOADED },
    { seq: 2, atMs: START_WALL_MS + 1500, event: { kind: 'stop' } },
  ]);
});

test('the last 1000 are kept, and no more', () => {
  const log = createEventLog(createFakeClock());
  for (let i = 0; i < 5432; i++) log.emit(RELOADED);
  const recent = log.recent();
  expect(recent).toHaveLength(1000);
  expect([recent[0]?.seq, recent.at(-1)?.seq]).toEqual([4433, 5432]);
});

test('a follower gets each new event, until it leaves', () => {
  const log = createEventLog(createFakeClock());
  log.emit(RELOADED);
  const heard: StampedEvent[] = [];
  const leave = log.follow((event) => void heard.push(event));
  log.emit({ kind: 'stop' });
  leave();
  leave();
  log.emit(RELOADED);
  expect(heard.map(({ seq }) => seq)).toEqual([2]);
});
