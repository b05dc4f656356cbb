import { describe, expect, it } from 'vitest';
import type { ExitRule, ScriptCheckConfig } from '../../src/config/config.ts';
import { createScriptProbe } from '../../src/probes/script.ts';
import type {
  ExecRequest,
  ExecResult,
  RunScript,
  ScriptRequest,
  ScriptResult,
} from '../../src/process/exec.ts';
import { systemExec } from '../../src/process/system-exec.ts';
import { runProbe } from '../fakes/run-probe.ts';
import { address, scriptCheck } from './fixtures/checks.ts';

const LB1 = { name: 'lb1', address: address('10.2.1.250') };
const LB6 = { name: 'lb6', address: address('fd00:2::250') };
const NAGIOS: ExitRule = { kind: 'nagios', warning: 'fail', unknown: 'inconclusive' };

describe('the outcome of a script', () => {
  it('exit 0 passes with the first line of stdout', async () => {
    expect(await sh('echo; echo "  queue is short  "; echo more')).toEqual({
      kind: 'pass',
      detail: 'queue is short',
    });
  });

  it('exit 0 without output passes', async () => {
    expect(await sh('exit 0')).toEqual({ kind: 'pass', detail: 'exit 0' });
  });

  it('any other exit fails with its status and the line', async () => {
    expect(await sh('echo "CRITICAL - queue full"; exit 2')).toEqual({
      kind: 'fail',
      reason: 'script-exit',
      detail: 'exit 2: CRITICAL - queue full',
    });
  });

  it('the line is from stderr if stdout is empty', async () => {
    expect(await sh('echo no such host >&2; exit 1')).toMatchObject({
      detail: 'exit 1: no such host',
    });
  });

  it('the line has no control characters and at most 200 characters', async () => {
    const { detail } = await sh('printf "\\033[31mred\\007 %0500d\\n" 1');
    expect(detail).toMatch(/^\[31mred 0+\.\.\.$/);
    expect(detail).toHaveLength(200);
  });

  it('a signal fails', async () => {
    expect(await sh('echo going; kill -TERM $$')).toEqual({
      kind: 'fail',
      reason: 'script-signal',
      detail: 'ended by SIGTERM: going',
    });
  });

  it.each([
    ['/nonexistent/command', 'exit 127 (a command in it was not found): '],
    ['/etc/passwd', 'exit 126 (a command in it may not be run): '],
  ])('is an exit where the shell does not run %s', async (command, detail) => {
    expect(await sh(command)).toMatchObject({
      kind: 'fail',
      reason: 'script-exit',
      detail: expect.stringMatching(`^${detail.replace(/[()]/g, '\\$&')}.*${command}`),
    });
  });

  it.each([
    ['/nonexistent/check', 'no such file (ENOENT)'],
    ['/', 'it is not a file (EACCES)'],
  ])('%s that does not start says nothing about the backend', async (program, why) => {
    expect(await run(scriptCheck([program]))).toEqual({
      kind: 'inconclusive',
      reason: 'script-not-started',
      detail: `${program} did not start: ${why}`,
    });
  });

  it('has a note if it left processes running, or printed much', async () => {
    expect(await sh('sleep 60 & echo done')).toEqual({
      kind: 'pass',
      detail: 'done (left processes running, which were killed)',
    });
    expect(await sh('echo done; head -c 3000000 /dev/zero; exit 1')).toMatchObject({
      detail: 'exit 1: done (printed 3 MB)',
    });
    const left = { stdout: 'ok\n', stderr: '', durationMs: 5, left: 'out-of-reach' } as const;
    expect(await verdictOn({ kind: 'exited', code: 0, ...left })).toMatchObject({
      detail: 'ok (left a process running, out of reach)',
    });
  });

  it('that is lost says nothing about the backend', async () => {
    expect(await verdictOn({ kind: 'lost', message: 'the starter was killed' })).toEqual({
      kind: 'inconclusive',
      reason: 'script-lost',
      detail: 'the starter was killed',
    });
  });
});

describe('exit = "nagios"', () => {
  it('leaves out performance data', async () => {
    expect(await sh('echo "HTTP OK: 0.004 s | time=0.004s;;;0"', { exit: NAGIOS })).toEqual({
      kind: 'pass',
      detail: 'HTTP OK: 0.004 s',
    });
  });

  it('keeps the | of a plain script', async () => {
    expect(await sh('echo "a | b"')).toMatchObject({ detail: 'a | b' });
  });

  it.each([
    [1, { warning: 'fail', unknown: 'fail' }, 'script-exit'],
    [1, { warning: 'pass', unknown: 'fail' }, 'pass'],
    [2, { warning: 'pass', unknown: 'inconclusive' }, 'script-exit'],
    [3, { warning: 'pass', unknown: 'fail' }, 'script-exit'],
    [3, { warning: 'fail', unknown: 'inconclusive' }, 'script-unknown'],
    [4, { warning: 'pass', unknown: 'inconclusive' }, 'script-exit'],
  ] as const)('exit %i with %o is %s', async (code, rule, outcome) => {
    const verdict = await sh(`echo word; exit ${code}`, { exit: { kind: 'nagios', ...rule } });
    expect(verdict.kind === 'pass' ? 'pass' : verdict.reason).toBe(outcome);
    expect(verdict.detail).toBe(`exit ${code}: word`);
  });

  it.each([1, 3])('exit %i of a plain script fails', async (code) => {
    expect(await sh(`exit ${code}`)).toMatchObject({ reason: 'script-exit' });
  });
});

describe('the environment of a script', () => {
  it('is exactly this', async () => {
    process.env.HFM_TEST_SECRET = 'of hfmd alone';
    const request = await requestOf(LB1, { env: { HFM_PORT: '8080', LC_ALL: 'en_US.UTF-8' } });
    delete process.env.HFM_TEST_SECRET;
    expect(request.env).toEqual({
      PATH: '/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin',
      LC_ALL: 'en_US.UTF-8',
      HFM_PORT: '8080',
      HFM_BACKEND: 'lb1',
      HFM_ADDRESS: '10.2.1.250',
      HFM_FAMILY: 'inet',
      HFM_CHECK: 'a-check',
      HFM_TIMEOUT_MS: '500',
    });
  });

  it('names the family of an IPv6 backend', async () => {
    const { env } = await requestOf(LB6, {});
    expect(env).toMatchObject({ HFM_ADDRESS: 'fd00:2::250', HFM_FAMILY: 'inet6', LC_ALL: 'C' });
  });

  it('reaches the script', async () => {
    expect(await sh('echo "$HFM_BACKEND $HFM_ADDRESS [$HOME]"')).toMatchObject({
      detail: 'lb1 10.2.1.250 []',
    });
  });
});

describe('the deadline of a script', () => {
  it('kills it, and shows the line that it printed', async () => {
    const controller = new AbortController();
    const probe = createScriptProbe(
      async (request) => {
        const result = systemExec({ ...request, maxOutputBytes: 100 });
        setTimeout(() => controller.abort(), 100);
        return result;
      },
      LB1,
      scriptCheck(['/bin/sh', '-c', 'trap "" TERM INT; echo waiting; sleep 30']),
    );
    expect(await runProbe(probe, controller.signal)).toEqual({
      kind: 'fail',
      reason: 'script-timeout',
      detail: 'killed after 500ms: waiting',
    });
  });

  it('is the signal; the timeout of the process comes later', () => {
    const requests: ScriptRequest[] = [];
    const runScript: RunScript = (request) => {
      requests.push(request);
      return new Promise(() => {});
    };
    const attempt = createScriptProbe(runScript, LB1, scriptCheck(['/bin/true'])).start(() => {});
    const [request] = requests;
    expect(request?.timeoutMs).toBe(1500);
    expect(request?.signal?.aborted).toBe(false);
    attempt.cut();
    expect(request?.signal?.aborted).toBe(true);
  });

  it.each(['timed-out', 'aborted'] as const)('%s is script-timeout', async (kind) => {
    expect(await verdictOn({ kind, stdout: '', stderr: '', durationMs: 500 })).toEqual({
      kind: 'fail',
      reason: 'script-timeout',
      detail: 'killed after 500ms',
    });
  });

  it('a SIGINT of hfm is script-timeout, any other is script-signal', async () => {
    const interrupted = { kind: 'signalled', signal: 'SIGINT', stdout: '', stderr: '' } as const;
    const over = { interruptAfterMs: 300 };
    expect(await verdictOn({ ...interrupted, durationMs: 301 }, over)).toEqual({
      kind: 'fail',
      reason: 'script-timeout',
      detail: 'interrupted after 300ms',
    });
    expect(await verdictOn({ ...interrupted, durationMs: 50 }, over)).toMatchObject({
      reason: 'script-signal',
    });
    expect(await verdictOn({ ...interrupted, durationMs: 301 })).toMatchObject({
      reason: 'script-signal',
    });
  });

  it('SIGINT comes first where the check says so, and the script may still answer', async () => {
    const verdict = await sh('trap "echo draining; exit 0" INT; sleep 30 & wait', {
      interruptAfterMs: 50,
    });
    expect(verdict).toEqual({ kind: 'pass', detail: expect.stringMatching(/^draining/) });
  });

  it('a bug of hfm is inconclusive, never an exception', async () => {
    const probe = createScriptProbe(
      () => Promise.reject(new Error('boom')),
      LB1,
      scriptCheck(['/x']),
    );
    expect(await runProbe(probe)).toMatchObject({
      kind: 'inconclusive',
      reason: 'internal-error',
    });
  });
});

function sh(script: string, over: Partial<ScriptCheckConfig> = {}) {
  return run(scriptCheck(['/bin/sh', '-c', script], over));
}

function run(check: ScriptCheckConfig) {
  return runProbe(createScriptProbe(systemExec, LB1, check));
}

function verdictOn(result: ScriptResult, over: Partial<ScriptCheckConfig> = {}) {
  const check = scriptCheck(['/bin/check'], over);
  return runProbe(createScriptProbe(() => Promise.resolve(result), LB1, check));
}

async function requestOf(backend: typeof LB1, over: Partial<ScriptCheckConfig>) {
  const requests: ExecRequest[] = [];
  const exec = (request: ExecRequest): Promise<ExecResult> => {
    requests.push(request);
    return Promise.resolve({ kind: 'exited', code: 0, stdout: '', stderr: '', durationMs: 1 });
  };
  await runProbe(createScriptProbe(exec, backend, scriptCheck(['/bin/check'], over)));
  const [request] = requests;
  if (request === undefined) throw new Error('nothing was run');
  return request;
}
