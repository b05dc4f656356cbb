import { buffer } from 'node:stream/consumers';
import { readText } from '../config/files.ts';
import { needsPerson, noteLine } from '../import/draft/note.ts';
import { type Command, type Context, printJson, UsageError } from './command.ts';
import { EXIT } from './exit-status.ts';

export const importCommand: Command = {
  name: 'import',
  synopsis: '[FILE|-]',
  summary: "turn the original hfm's configuration into an hfm.toml",
  details: `Reads FILE, or stdin, and prints an hfm.toml. What can't be carried over is a comment
in it, with the reason, and a line on stderr; then the exit status is 1. hfmd need
not run, and nothing is changed. "hfmd -n -f FILE" tests the result.`,
  options: {},
  async run(context, { positionals }) {
    const [file = '-', ...more] = positionals;
    if (more.length > 0) throw new UsageError(`expected one file, found also "${more[0]}"`);
    const input = file === '-' ? await readStdin() : readText(file);
    const name = file === '-' ? 'stdin' : file;
    if (!input.ok) return refuse(context, `${name}: can't be read: ${input.why}`);
    // Loaded only here: it brings toml and the reader of the other format.
    const { importConfig } = await import('../import/import-config.ts');
    const result = importConfig(name, input.text);
    if (!result.ok) return refuse(context, result.error);
    const { toml, notes } = result;
    if (context.json) printJson(context, { toml, notes });
    else context.terminal.out(toml);
    const open = notes.filter(needsPerson);
    for (const note of open) context.terminal.err(`${noteLine(name, note)}\n`);
    return open.length === 0 ? EXIT.ok : EXIT.degraded;
  },
};

function refuse({ terminal, json }: Context, error: string): number {
  if (json) terminal.out(`${JSON.stringify({ error })}\n`);
  terminal.err(`${error}\n`);
  return EXIT.degraded;
}

async function readStdin(): Promise<ReturnType<typeof readText>> {
  const bytes = await buffer(process.stdin);
  try {
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    // The decoder throws only for bytes that are not UTF-8.
    return { ok: false, why: 'it is not UTF-8 text' };
  }
}
