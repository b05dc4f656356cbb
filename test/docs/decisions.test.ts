import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SCENARIOS } from '../../bench/rows.ts';
import { projectFile, readProjectFile } from './page.ts';

const FOLDER = 'docs/decisions';
const RECORDS = readdirSync(projectFile(FOLDER)).filter((name) => /^\d{4}-/.test(name));
const BENCH_ROWS = SCENARIOS.flatMap(({ rows }) => rows.map(({ name }) => name));

test('the list has every record with its title', () => {
  const listed = [...readProjectFile(`${FOLDER}/README.md`).matchAll(/^\d+\. \[(.*)\]\((.*)\)$/gm)];
  const titles = RECORDS.map((name) => [
    /^# (.*)\n/.exec(readProjectFile(`${FOLDER}/${name}`))?.[1],
    name,
  ]);
  expect(listed.map(([, title, name]) => [title, name])).toEqual(titles);
});

describe.each(RECORDS)('%s', (name) => {
  const text = readProjectFile(`${FOLDER}/${name}`);

  test('has all parts', () => {
    const parts = [...text.matchAll(/^\*\*([A-Z][a-z ]+)\.\*\*/gm)].map(([, part]) => part);
    expect(parts).toEqual(expect.arrayContaining(['Context', 'Decision']));
    expect(parts.at(-1)).toBe('What would change our mind');
  });

  test('names rows that the bench has', () => {
    const lists = [...text.matchAll(/\brows?\s+((?:`[a-z0-9-]+`(?:\s+and\s+)?)+)/g)];
    const rows = lists.flatMap(([, list = '']) => list.match(/[a-z0-9-]+(?=`)/g) ?? []);
    expect(rows.filter((row) => !BENCH_ROWS.includes(row))).toEqual([]);
  });
});
