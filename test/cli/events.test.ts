import { expect, test } from 'vitest';
import { eventsCommand } from '../../src/cli/events.ts';
import type { Client } from '../../src/client/client.ts';
import { recordTerminal } from '../fakes/cli.ts';

const DOWN = {
  seq: 1,
  kind: 'health',
  backend: 'lb1',
  from: 'up',
  to: 'down',
  check: 'http',
  reason: 'connect-refused',
  detail: '',
  count: '3 of 3',
  at: '2026-11-20T16:32:20.457Z',
};

async function shown(event: object): Promise<string> {
  const line = JSON.stringify(event);
  const ok = async <T>(value: T) => ({ kind: 'ok', value }) as const;
  const client: Client = {
    get: () => Promise.reject(new Error('not asked')),
    post: () => Promise.reject(new Error('not asked')),
    lines: (_, onLine) => {
      onLine(line);
      return ok(null);
    },
  };
  const { terminal, printed } = recordTerminal();
  await eventsCommand.run({ client, terminal, json: false }, { positionals: [], values: {} });
  return printed.stdout;
}

test.each([
  ['of this version', { lastedMs: 192_000, lasted_ms: 192_000 }],
  ['of the version before', { lastedMs: 192_000 }],
  ['of the version after', { lasted_ms: 192_000 }],
])('an event of a hfmd %s is shown as one line', async (_, keys) => {
  expect(await shown({ ...DOWN, ...keys })).toBe(
    '2026-11-20T16:32:20.457Z  lb1: up -> down (connect-refused, 3 of 3, after 3m12s)\n',
  );
});
