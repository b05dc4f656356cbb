import { expect, test } from 'vitest';
import type { Context } from '../../src/cli/command.ts';
import { waitDrained } from '../../src/cli/wait-drained.ts';
import type { Client } from '../../src/client/client.ts';
import { recordTerminal } from '../fakes/cli.ts';

interface Scene {
  open: number;
  sticky: number;
  /** What each call of kill-states ends. */
  share: number;
  kills: number;
  /** Comes while the connections of this call are ended. */
  interruptAtKill: number;
}

const TIMEOUT_MS = 2000;
const DRAINED = { name: 'a', admin: { state: 'drain' } };
const BACKEND = { ...DRAINED, pools: [{ ...DRAINED, name: 'web', pending: false }] };

/** `drain a --wait --kill` at a hfmd that has drained `a` already. */
async function waitAndKill(given: Partial<Scene>) {
  const scene = { open: 0, sticky: 0, share: 1000, kills: 0, interruptAtKill: 0, ...given };
  let nowMs = 0;
  const answers: Readonly<Record<string, () => object>> = {
    '/v1/explain': () => ({ backend: BACKEND }),
    '/v1/states': () => ({ name: 'a', open: scene.open, sticky: scene.sticky }),
    '/v1/kill-states': () => {
      scene.kills += 1;
      const killed = Math.min(scene.share, scene.open);
      scene.open -= killed;
      return { name: 'a', killed, left: scene.open };
    },
  };
  const answer = async <T>(path: string) =>
    ({ kind: 'ok', value: answers[path]?.() as T }) as const;
  const client: Client = { get: answer, post: answer, lines: () => answer('') };
  const { terminal, printed } = recordTerminal({
    // It is being stepped back.
    wallMs: () => -nowMs,
    monotonicMs: () => nowMs,
    catchInterrupts: () => ({
      get interrupted() {
        return scene.interruptAtKill > 0 && scene.kills >= scene.interruptAtKill;
      },
      pause: async (ms) => {
        nowMs += ms;
      },
      release: () => {},
    }),
  });
  const context: Context = { client, terminal, json: false };
  const code = await waitDrained(context, ['a'], { timeoutMs: TIMEOUT_MS, kill: true });
  return { code, ...printed, kills: scene.kills };
}

test('--kill ends what is left share by share, and then it is drained', async () => {
  expect(await waitAndKill({ open: 2500 })).toMatchObject({
    code: 0,
    kills: 3,
    stdout: expect.stringMatching(/a: ended 2500 states\na: drained\n$/),
  });
});

test('--kill does not say drained while sticky clients are left', async () => {
  const ended = await waitAndKill({ open: 5, sticky: 1 });
  expect(ended).toMatchObject({
    code: 3,
    stderr:
      'hfmctl: a: 0 connections left, 1 sticky client still sent there after 2s; the drain stays\n',
  });
  expect(ended.stdout).not.toMatch(/drained/);
});

test('Ctrl-C during --kill ends it, and leaves the drain', async () => {
  expect(await waitAndKill({ open: 5000, interruptAtKill: 2 })).toMatchObject({
    code: 3,
    kills: 2,
    stdout: expect.stringMatching(/a: ended 2000 states\n$/),
    stderr: 'hfmctl: interrupted; the drain stays. "hfmctl ready a" ends it\n',
  });
});
