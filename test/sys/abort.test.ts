import { expect, test } from 'vitest';
import { Abort, type AbortNotice } from '../../src/sys/abort.ts';

/** hfm's own, and Node's to compare with. */
const KINDS: readonly [string, () => { notice: AbortNotice; abort: () => void }][] = [
  [
    'Abort',
    () => {
      const notice = new Abort();
      return { notice, abort: () => notice.abort() };
    },
  ],
  [
    'AbortController',
    () => {
      const controller = new AbortController();
      return { notice: controller.signal, abort: () => controller.abort() };
    },
  ],
];

test.each(KINDS)('%s calls each listener once when it is aborted', (_name, open) => {
  const { notice, abort } = open();
  const heard: string[] = [];
  const gone = (): void => void heard.push('gone');
  const late = (): void => void heard.push('late');
  notice.addEventListener('abort', () => heard.push(`one, aborted ${notice.aborted}`), {
    once: true,
  });
  notice.addEventListener('abort', gone);
  notice.addEventListener('abort', () => heard.push('two'));
  notice.removeEventListener('abort', gone);
  expect(notice.aborted).toBe(false);
  abort();
  abort();
  notice.addEventListener('abort', late);
  expect(notice.aborted).toBe(true);
  expect(heard).toEqual(['one, aborted true', 'two']);
});
