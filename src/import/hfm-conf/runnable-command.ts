import { nearest } from '../../core/nearest.ts';
import type { AddNote } from '../draft/note.ts';

/**
 * A command that hfm.toml accepts: with an absolute path, and without placeholders that hfm would
 * fill in. When only a person can know the path, it begins with `/FILL/IN`.
 */
export function runnableCommand(
  argv: readonly string[],
  line: number,
  addNote: AddNote,
): readonly string[] {
  const [written = '', ...args] = argv;
  const braced = argv.map(placeholder).find((word) => word !== null);
  if (braced !== undefined) {
    const message = `hfm would fill in ${braced} in this command: put the command into a script`;
    addNote('fill-in', line, message);
    return ['/FILL/IN/command'];
  }
  const program = written === 'sh' ? '/bin/sh' : written;
  if (program.startsWith('/')) return [program, ...args];
  const name = program.replace(/^.*\//, '').replace(/[\s\p{Cc}]+/gu, '_') || 'command';
  addNote(
    'fill-in',
    line,
    `the absolute path of ${JSON.stringify(program)}, which the original looks up in PATH`,
  );
  return [`/FILL/IN/${name}`, ...args];
}

/** hfm.toml(5): hfm fills in `{address}`, `{name}` and `{port}`, and refuses misspelt ones. */
function placeholder(text: string): string | null {
  for (const [braced, word = ''] of text.matchAll(/\{([a-z_]+)\}/g)) {
    if (nearest(word, ['address', 'name', 'port']) !== null) return braced;
  }
  return null;
}
