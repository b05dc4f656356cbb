import { spawnSync } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { followProcess } from '../../src/process/follow-process.ts';

class Pipe extends EventEmitter {
  pause(): void {}
  resume(): void {}
  destroy(): void {}
}

/** A process that has exited and left none in its group, while its pipes are not read to their end. */
function exitedProcess() {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { pid } = spawnSync('/bin/true');
  const pipes = { stdout: new Pipe(), stderr: new Pipe() };
  const child = Object.assign(new EventEmitter(), { stdin: null, unref() {}, ...pipes });
  const { result } = followProcess(
    { pid, child, watchPipe: null },
    { timeoutMs: 5000, maxOutputBytes: 1000 },
    0,
  );
  child.emit('exit', 0, null);
  return { ...pipes, result };
}

test('output that is read late, since hfmd is slow, is whole', async () => {
  const { stdout, stderr, result } = exitedProcess();
  vi.advanceTimersByTime(60);
  stdout.emit('data', Buffer.from('10.2.1.1\n'));
  stdout.emit('end');
  stderr.emit('end');
  const ended = await result;
  expect(ended).toMatchObject({ kind: 'exited', code: 0, stdout: '10.2.1.1\n' });
  expect(ended).not.toHaveProperty('truncated');
  expect(ended).not.toHaveProperty('left');
});

test('a pipe that does not end within a tenth of a second is held by a process out of reach', async () => {
  const { stderr, result } = exitedProcess();
  stderr.emit('end');
  vi.advanceTimersByTime(200);
  expect(await result).toMatchObject({ kind: 'exited', truncated: true, left: 'out-of-reach' });
});
