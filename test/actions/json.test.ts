import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openBench } from '../checks/bench.ts';
import { CHANGE } from './change.ts';

/** Texts that are hard to quote for JSON, a shell or awk. */
const HARD = [
  'plain',
  'a "quoted" \\ back\\\\slash \\" \\n \\u0041 & < > \' ` $(id) $HOME %s %d',
  `controls ${Array.from({ length: 31 }, (_, i) => String.fromCharCode(i + 1)).join('')}\x7f.`,
  'grüße, 日本語, 🦩, \u2028',
  '-n -e',
  '',
];

describe('the JSON of notify-webhook', () => {
  test.for(HARD)('carries %j', async (detail, context) => {
    const bench = openBench(context);
    bench.fake(
      'curl',
      `cat >/dev/null; while [ $# -gt 1 ]; do shift; done; printf '%s' "$1" >'${bench.folder}/body'`,
    );
    const env = { ...CHANGE, HFM_DETAIL: detail };
    const post = async (...args: string[]): Promise<unknown> => {
      const said = await bench.run('actions/notify-webhook', { args: [...args, 'http://x/'], env });
      expect(said).toMatchObject({ code: 0, stderr: '' });
      return JSON.parse(readFileSync(bench.path('body'), 'utf8'));
    };
    expect(await post()).toMatchObject({ backend: 'lb1', pools: ['web', 'mail'], detail });
    const { text } = (await post('-s')) as { text: string };
    const plain = text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
    const middle = detail === '' ? '' : `: ${detail}`;
    expect(plain).toContain(`lb1 up -> down: connect-refused${middle} (pools: web mail, `);
  });

  test('has an empty list of pools for a backend in none', async (context) => {
    const bench = openBench(context);
    bench.fake(
      'curl',
      `cat >/dev/null; while [ $# -gt 1 ]; do shift; done; printf '%s' "$1" >'${bench.folder}/body'`,
    );
    await bench.run('actions/notify-webhook', {
      args: ['http://x/'],
      env: { HFM_BACKEND: 'lb1', HFM_TO: 'up' },
    });
    expect(JSON.parse(readFileSync(bench.path('body'), 'utf8'))).toMatchObject({
      event: 'up',
      from: '',
      pools: [],
    });
  });
});
