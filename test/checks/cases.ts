import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { openBench } from './bench.ts';

/** One run of a script, with fake programs. `{folder}` stands for a folder of the run's own. */
export interface Case {
  readonly does: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Bodies of programs in PATH, beside those of the base system. */
  readonly fakes?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  /** Symbolic links, and what they point at. */
  readonly links?: Readonly<Record<string, string>>;
  readonly exit: number;
  /** The first line on stdout. */
  readonly says?: string | RegExp;
  readonly complains?: RegExp;
  /** What the fakes recorded. */
  readonly notes?: string | RegExp;
}

export interface Shelf {
  /** Its path in the project. */
  readonly script: string;
  readonly cases: readonly Case[];
}

/** The programs to run the scripts with, where not those of this machine. */
export interface Base {
  readonly shell: readonly string[];
  readonly awk: string;
}

export function describeShelves(shelves: readonly Shelf[], base?: Base): void {
  describe.each(shelves)('$script', ({ script, cases }) => {
    test.for(cases)('$does', (one, context) => runCase(script, one, base, context));
  });
}

async function runCase(
  script: string,
  { args = [], env = {}, fakes = {}, files = {}, links = {}, exit, says, complains, notes }: Case,
  base: Base | undefined,
  context: TestContext,
): Promise<void> {
  const bench = openBench(context);
  if (base !== undefined) bench.linkAs('awk', base.awk);
  const here = (text: string): string => text.replaceAll('{folder}', bench.folder);
  for (const [program, body] of Object.entries(fakes)) bench.fake(program, here(body));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(bench.path(name)), { recursive: true });
    writeFileSync(bench.path(name), text);
  }
  for (const [name, target] of Object.entries(links)) symlinkSync(target, bench.path(name));
  const said = await bench.run(script, {
    args: args.map(here),
    env: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, here(value)])),
    shell: base?.shell ?? [],
  });
  const seen = { ...said, stdout: said.stdout.split('\n', 1)[0] };
  expect(seen, said.stderr).toMatchObject({
    code: exit,
    ...(says === undefined ? {} : { stdout: textThat(says, here) }),
    ...(complains === undefined ? {} : { stderr: textThat(complains, here) }),
  });
  if (notes !== undefined) {
    expect(readFileSync(bench.path('notes'), 'utf8').trimEnd()).toEqual(textThat(notes, here));
  }
}

function textThat(wanted: string | RegExp, here: (text: string) => string): unknown {
  return typeof wanted === 'string' ? here(wanted) : expect.stringMatching(wanted);
}
