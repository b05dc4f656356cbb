import { expect, it } from 'vitest';
import { createProbe } from '../../src/probes/create-probe.ts';
import { systemExec } from '../../src/process/system-exec.ts';
import { runProbe } from '../fakes/run-probe.ts';
import { address, httpCheck, scriptCheck, tcpCheck } from './fixtures/checks.ts';
import { answering, http200, serveTcp } from './fixtures/servers.ts';

it.each([
  ['http', (port: number) => httpCheck(`http://127.0.0.1:${port}/`), '200'],
  ['tcp', (port: number) => tcpCheck(port), 'connected'],
  ['script', () => scriptCheck(['/bin/sh', '-c', 'echo "$HFM_BACKEND"']), 'lb1'],
])('a %s check gets its probe', async (_type, check, detail) => {
  const { port } = await serveTcp(answering(http200()));
  const backend = { name: 'lb1', address: address('127.0.0.1') };
  const probe = createProbe({ runScript: systemExec }, backend, check(port));
  expect(await runProbe(probe)).toEqual({ kind: 'pass', detail });
  probe.close();
  probe.close();
});
