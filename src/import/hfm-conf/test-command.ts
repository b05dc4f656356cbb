import { type Address, parseAddress } from '../../core/address.ts';
import type { CheckDraft } from '../draft/check-draft.ts';
import type { AddNote } from '../draft/note.ts';
import { shellTextOf } from './change-command.ts';
import { readHttpTest } from './http-test.ts';
import { runnableCommand } from './runnable-command.ts';
import { parseShellText } from './shell-text.ts';
import type { Command } from './source/original-keys.ts';
import { readTcpTest } from './tcp-test.ts';

/** Turns a test into a check: http or tcp where one does the same for less, else the script itself. */
export function readTest({ argv, line }: Command, addNote: AddNote): CheckDraft {
  const simple = simpleCommand(argv);
  const known = simple === null ? null : (readHttpTest(simple) ?? readTcpTest(simple));
  if (known !== null) return known;
  const address = onlyAddress(argv);
  const [program = ''] = argv;
  const name = program.slice(program.lastIndexOf('/') + 1);
  const command = runnableCommand(argv, line, addNote).map((part, i) =>
    i > 0 && part === address ? '{address}' : part,
  );
  return { name, keys: { type: 'script', command }, address, limitMs: null, remarks: [] };
}

/** The only command that the test runs, by a shell or not; null when there are several. */
function simpleCommand(argv: readonly string[]): readonly string[] | null {
  const text = shellTextOf(argv);
  if (text === null) return argv;
  const [pipeline, ...others] = parseShellText(text) ?? [];
  const [stage, ...more] = pipeline?.stages ?? [];
  if (stage === undefined || others.length > 0 || more.length > 0) return null;
  const words = stage.words[0] === 'exec' ? stage.words.slice(1) : stage.words;
  return stage.isDynamic || stage.files.length > 0 ? null : words;
}

/** The numeric address in the arguments, also in a URL; null when there is none, or several. */
function onlyAddress(argv: readonly string[]): Address | null {
  const found = new Set<Address>();
  for (const word of argv.slice(1).flatMap((arg) => arg.split(/[\s'"=,;|&()<>]+/))) {
    const inUrl = /^\w+:\/\/(?:[^@/]*@)?(?:\[([^\]]*)\]|([^/:]*))/.exec(word);
    const host = inUrl?.[1] ?? inUrl?.[2] ?? word.replace(/^([0-9.]+):\d+$/, '$1');
    const result = parseAddress(host);
    if (result.ok) found.add(result.address);
  }
  const [address] = found;
  return found.size === 1 ? (address ?? null) : null;
}
