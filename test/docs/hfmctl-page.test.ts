import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../src/cli/exit-status.ts';
import { COMMANDS } from '../../src/cli/main.ts';
import { CATALOGUE } from '../../src/events/catalogue.ts';
import { eventJson } from '../../src/protocol/event-json.ts';
import { eventually, memberByMode, openRig } from '../system/harness.ts';
import { EVERY_EVENT } from './every-event.ts';
import { type Item, itemsOf, namesIn, projectFile, sectionText } from './page.ts';

const PAGE = 'hfmctl.8';
const COMMAND_SECTIONS = ['Commands that show', 'Commands that change'];

const items = itemsOf(PAGE).filter(({ section }) => COMMAND_SECTIONS.includes(section));
const commands = items.filter(({ head }) => head.startsWith('Ic '));

function nameOf({ head }: Item): string {
  return head.split(' ')[1] ?? '';
}

/** The long options at the head of a command, and those of the list below it. */
function optionsOf(command: Item): string[] {
  const next = commands[commands.indexOf(command) + 1];
  const from = items.indexOf(command);
  const below = items.slice(from + 1, next === undefined ? undefined : items.indexOf(next));
  const all = [command.head, ...below.map(({ head }) => head)].join(' ');
  return [
    ...new Set([...all.matchAll(/\bFl -([a-z-]+)|, -([a-z-]+)/g)].map((m) => m[1] ?? m[2] ?? '')),
  ];
}

describe('hfmctl(8)', () => {
  test('describes every command, and no other', () => {
    expect(commands.map(nameOf).sort()).toEqual(COMMANDS.map(({ name }) => name).sort());
  });

  test.each(COMMANDS.map((command) => [command.name, command] as const))(
    'describes every option of %s, and no other',
    (name, { options }) => {
      const entry = commands.find((one) => nameOf(one) === name);
      expect(entry === undefined ? null : optionsOf(entry).sort()).toEqual(
        Object.keys(options).sort(),
      );
    },
  );

  test('lists every exit status', () => {
    const described = itemsOf(PAGE)
      .filter(({ section }) => section === 'EXIT STATUS')
      .map(({ head }) => Number(head));
    expect(described).toEqual(Object.values(EXIT));
  });

  test('lists every kind of event', () => {
    const described = itemsOf(PAGE)
      .filter(({ section }) => section === 'EVENTS')
      .flatMap(({ head }) => head.replace(/^Li /, '').split(' , '));
    expect(described.sort()).toEqual(Object.keys(CATALOGUE).sort());
  });

  test.each(EVERY_EVENT.map((event) => [event.kind, event] as const))(
    'lists the keys of the event %s, without those of version 0.1.0',
    (kind, event) => {
      const entry = itemsOf(PAGE).find((one) => one.section === 'EVENTS' && nameOf(one) === kind);
      const described = (entry?.body ?? []).flatMap(
        (line) => /^\.Li ([a-z_ ,]+?)(?: [.,])?$/.exec(line)?.[1]?.split(' , ') ?? [],
      );
      const { seq: _, at: __, kind: ___, ...keys } = eventJson({ seq: 1, atMs: 0, event });
      const inJson = Object.keys(keys).filter((key) => key === key.toLowerCase());
      // The explanation of `active` names it once more.
      expect([...new Set(described)].sort()).toEqual(inJson.sort());
    },
  );

  test('names the environment that hfmctl reads', () => {
    const read = ['src/cli/main.ts', 'src/hfmctl.ts'].flatMap((file) =>
      [...readFileSync(projectFile(file), 'utf8').matchAll(/env\.([A-Z_]+)/g)].map(([, n]) => n),
    );
    // Of doas and sudo, under `--by`.
    const own = read.filter((name) => name !== 'DOAS_USER' && name !== 'SUDO_USER');
    expect(namesIn(PAGE, 'ENVIRONMENT', 'Ev').sort()).toEqual([...new Set(own)].sort());
  });

  test('shows the JSON of status as it is', async (context) => {
    const rig = openRig(context);
    const backend = await rig.backend('lb1');
    rig.write(`[pool.web]
table = "web"
[backend.lb1]
address = "127.0.0.1"
port = ${backend.port}
checks = ["http"]
pools = { web = "10.2.1.11" }
${memberByMode('lb2', '10.2.1.12')}`);
    rig.pf.setTable('web', []);
    await rig.start();
    const status = await eventually(async () => {
      const { stdout } = await rig.ctl('status', '--json');
      const json = JSON.parse(stdout);
      expect(json.backends[0].checks[0].last).not.toBe(null);
      return json;
    });
    const shown = sectionText(PAGE, 'STATUS').split('.Bd -literal\n')[1]?.split('\n.Ed')[0] ?? '';
    expect(shapeOf(JSON.parse(shown))).toEqual(shapeOf(status));
  });
});

/** The keys of a value all the way down; of an array, those of its first entry. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return typeof value[0] === 'object' ? [shapeOf(value[0])] : 'array';
  if (typeof value !== 'object' || value === null) return 'value';
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shapeOf(item)]));
}
