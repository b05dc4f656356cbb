import { expect, test } from 'vitest';
import type { ActionConfig } from '../../src/config/config.ts';
import { type ActionsDeps, createActions } from '../../src/hooks/actions.ts';
import type { Announcement } from '../../src/state/effects.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { backend } from '../fakes/config.ts';
import { recordEvents } from '../fakes/events.ts';
import { createFakeExec, exits, HANGS, notStarted } from '../fakes/exec.ts';

function action(name: string, timeoutMs = 10_000): ActionConfig {
  return { name, command: [`/usr/local/libexec/${name}`, 'lb1'], timeoutMs };
}

const PAGER = backend(
  'lb1',
  { web: '10.0.0.1', mail: '10.0.0.2' },
  {
    address: '10.9.9.1',
    onDown: [action('page'), action('log')],
    onUp: [action('all-clear')],
  },
);

function announce(to: 'up' | 'down', detail = 'connection refused'): Announcement {
  const from = to === 'up' ? 'down' : 'up';
  const reason = to === 'up' ? null : 'connect-refused';
  return { backend: PAGER.name, from, to, reason, detail };
}

function createUnit(overrides: Partial<ActionsDeps> = {}) {
  const clock = createFakeClock();
  const exec = createFakeExec(clock);
  const events = recordEvents();
  const actions = createActions({
    clock,
    exec: exec.exec,
    emit: events.emit,
    attempted: async () => {},
    confirmed: () => true,
    ...overrides,
  });
  const names = (): (string | undefined)[] =>
    exec.requests.map(({ argv }) => argv[0]?.split('/').at(-1));
  return { clock, exec, events, actions, names };
}

test('on_down runs its actions one after the other, with the change in their environment', async () => {
  const { clock, exec, actions, names } = createUnit();
  exec.answer(exits(0, { afterMs: 50 }));
  actions.run(PAGER, announce('down'));
  await clock.advance(40);
  expect(names()).toEqual(['page']);
  await clock.advance(100);
  expect(names()).toEqual(['page', 'log']);
  expect(exec.requests[0]).toMatchObject({
    argv: ['/usr/local/libexec/page', 'lb1'],
    timeoutMs: 10_000,
    env: {
      HFM_EVENT: 'down',
      HFM_BACKEND: 'lb1',
      HFM_ADDRESS: '10.9.9.1',
      HFM_FROM: 'up',
      HFM_TO: 'down',
      HFM_REASON: 'connect-refused',
      HFM_DETAIL: 'connection refused',
      HFM_POOLS: 'web mail',
      HFM_TABLES: 'confirmed',
    },
  });
});

test('on_up runs its own actions', async () => {
  const { clock, exec, actions, names } = createUnit();
  actions.run(PAGER, announce('up', '200'));
  await clock.advance(0);
  expect(names()).toEqual(['all-clear']);
  expect(exec.requests[0]?.env).toMatchObject({ HFM_EVENT: 'up', HFM_REASON: '' });
});

test('actions of one backend keep the order of its transitions', async () => {
  const { clock, exec, actions, names } = createUnit();
  exec.answer((request) => exits(0, { afterMs: request.argv[0]?.endsWith('page') ? 900 : 1 }));
  actions.run(PAGER, announce('down'));
  actions.run(PAGER, announce('up'));
  await clock.advance(5000);
  expect(names()).toEqual(['page', 'log', 'all-clear']);
});

test('actions wait for the first attempt on the tables', async () => {
  let release = (): void => {};
  const attempt = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { clock, actions, names } = createUnit({ attempted: () => attempt });
  actions.run(PAGER, announce('up'));
  await clock.advance(4000);
  expect(names()).toEqual([]);
  release();
  await clock.advance(0);
  expect(names()).toEqual(['all-clear']);
});

test('actions wait 5 s at most when pf hangs, and see that the tables are pending', async () => {
  const { clock, exec, actions } = createUnit({
    attempted: () => new Promise<void>(() => {}),
    confirmed: () => false,
  });
  actions.run(PAGER, announce('up'));
  await clock.advance(4999);
  expect(exec.requests).toEqual([]);
  await clock.advance(1);
  expect(exec.requests[0]?.env.HFM_TABLES).toBe('pending');
});

test.each([
  ['exit 0', true, exits(0, { stderr: 'noise' })],
  ['exit 3: no mail', false, exits(3, { stderr: 'no mail\nand more\n' })],
  ['exit 1', false, exits(1)],
  ['killed at its timeout after 10000 ms', false, HANGS],
  ['exit 0 (left a process running, out of reach)', true, exits(0, { left: 'out-of-reach' })],
  ['not started: ENOENT', false, notStarted('ENOENT', 'ENOENT')],
])('the event says how it ended: %s', async (detail, ok, answer) => {
  const { clock, exec, events, actions } = createUnit();
  exec.answer(answer);
  actions.run(PAGER, announce('up'));
  await clock.advance(11_000);
  expect(events.of('action')).toMatchObject([{ action: 'all-clear', backend: 'lb1', ok, detail }]);
});

test('a failed action does not keep the next one from running', async () => {
  const { clock, exec, actions, names } = createUnit();
  exec.answer(exits(1));
  actions.run(PAGER, announce('down'));
  await clock.advance(100);
  expect(names()).toEqual(['page', 'log']);
});

test('eight run at once, however many the backends', async () => {
  const { clock, exec, actions } = createUnit();
  exec.answer(exits(0, { afterMs: 100 }));
  for (let i = 0; i < 30; i++) {
    const one = backend(`n${i}`, {}, { onDown: [action('page')] });
    actions.run(one, { ...announce('down'), backend: one.name });
  }
  await clock.advance(10_000);
  expect(exec.requests).toHaveLength(30);
  expect(exec.mostRunning).toBe(8);
});

test('20 transitions of a backend wait; a dropped one is an event', async () => {
  const { clock, exec, events, actions } = createUnit();
  exec.answer(HANGS);
  for (let i = 0; i < 25; i++) actions.run(PAGER, announce('up'));
  expect(events.of('action').map(({ ok, detail }) => [ok, detail])).toEqual(
    new Array(5).fill([false, 'not run: 20 transitions of the backend wait for their actions']),
  );
  await clock.advance(25 * 11_000);
  expect(exec.requests).toHaveLength(20);
});

test('stop gives running actions 2 s, then kills them, and starts no more', async () => {
  const { clock, exec, events, actions, names } = createUnit();
  exec.answer(HANGS);
  actions.run(PAGER, announce('down'));
  await clock.advance(100);
  let stopped = false;
  void actions.stop().then(() => {
    stopped = true;
  });
  actions.run(PAGER, announce('up'));
  await clock.advance(1999);
  expect(stopped).toBe(false);
  await clock.advance(1);
  expect(stopped).toBe(true);
  expect(names()).toEqual(['page']);
  expect(events.of('action')).toMatchObject([
    { detail: 'killed, because hfmd stops' },
    { detail: 'not run: hfmd stops' },
  ]);
  expect(clock.pending).toBe(0);
});

test('stop starts no action that waits for its turn', async () => {
  const { clock, exec, actions } = createUnit();
  exec.answer(exits(0, { afterMs: 500 }));
  for (let i = 0; i < 12; i++) {
    const one = backend(`n${i}`, {}, { onDown: [action('page')] });
    actions.run(one, { ...announce('down'), backend: one.name });
  }
  await clock.advance(10);
  void actions.stop();
  await clock.advance(10_000);
  expect(exec.requests).toHaveLength(8);
});
