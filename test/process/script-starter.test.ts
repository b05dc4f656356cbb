import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { starterCommands } from '../../src/process/script-starter.ts';
import { encodeReply } from '../../src/process/starter-messages.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { describeStarter, open, sh, starterOf, untilReady } from './starter-cases.ts';

const [COMMAND = []] = starterCommands(
  fileURLToPath(new URL('../../dist/sbin/hfmd', import.meta.url)),
).slice(-1);

describeStarter(COMMAND);

describe('a script', () => {
  it('is run elsewhere when no starter can be started', async () => {
    const troubles: string[] = [];
    const starter = open({ commands: [['/nonexistent']], troubles });
    await sh(starter, 'exit 0');
    await vi.waitFor(() => expect(troubles).toEqual([expect.stringContaining('ENOENT')]));
    expect(await sh(starter, 'exit 0')).toMatchObject({ code: 'ELSEWHERE' });
  });

  it('gets another starter after 100 ms, then after twice as long each time, up to 10 s', async () => {
    const clock = createFakeClock();
    const troubles: string[] = [];
    let starts = 0;
    // It is read once for each start.
    const command = Object.assign(['/nonexistent'], {
      *[Symbol.iterator]() {
        starts += 1;
        yield '/nonexistent';
      },
    });
    const starter = open({ commands: [command], troubles, clock });
    await sh(starter, 'exit 0');
    for (const waitMs of [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]) {
      await vi.waitFor(() => expect(troubles).toHaveLength(starts), 20_000);
      const before = starts;
      await clock.advance(waitMs - 1);
      await sh(starter, 'exit 0');
      expect(starts).toBe(before);
      await clock.advance(1);
      await sh(starter, 'exit 0');
      expect(starts).toBe(before + 1);
    }
  });

  it('is run by the next kind of starter when the first does not work on this machine', async () => {
    const troubles: string[] = [];
    const starter = open({ commands: [['/bin/false'], COMMAND], troubles });
    await sh(starter, 'exit 0');
    await vi.waitFor(() => expect(troubles).toHaveLength(1));
    await untilReady(starter);
    expect(starterOf(await sh(starter, 'echo $PPID'))).not.toBe(process.pid);
    expect(troubles).toEqual(['the process that starts scripts ended: exit 1']);
  });

  it('is not given to a starter that is late with others', async () => {
    const clock = createFakeClock();
    const ready = JSON.stringify([...encodeReply({ kind: 'ready' })]);
    // It is ready, and starts nothing.
    const idle = `process.stdin.on('data', () => process.stdout.write(Buffer.from(${ready})))`;
    const starter = open({ commands: [[process.execPath, '-e', idle]], clock });
    void sh(starter, 'exit 0');
    const results: unknown[] = [];
    await vi.waitFor(async () => {
      await clock.advance(101);
      void sh(starter, 'exit 0').then((result) => results.push(result));
      await clock.advance(0);
      expect(results).toContainEqual({
        kind: 'lost',
        message: 'the process that starts scripts was late with it',
      });
    }, 20_000);
  });
});
