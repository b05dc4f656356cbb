import { type Address, parseAddress } from '../../core/address.ts';
import type { AddNote } from '../draft/note.ts';
import { type PfctlUse, readPfctl } from './pfctl-arguments.ts';
import { type Pipeline, parseShellText, type Stage } from './shell-text.ts';
import type { Command } from './source/original-keys.ts';

/** An address that a change command adds to a table or deletes from it. */
export interface TableChange {
  readonly operation: 'add' | 'delete';
  readonly table: string;
  readonly anchor: string | null;
  readonly address: Address;
  readonly line: number;
}

export interface Change {
  readonly tables: readonly TableChange[];
  /** The command without its table changes, to run as an action; null when nothing is left. */
  readonly action: readonly string[] | null;
  /** The program of each pfctl command with what is in front of it, such as doas. */
  readonly pfctl: readonly (readonly string[])[];
}

/** Separates the table changes of a change command from what remains as an action. */
export function readChange({ argv, line }: Command, addNote: AddNote): Change {
  const text = shellTextOf(argv);
  const pipelines = text === null ? [directly(argv)] : parseShellText(text);
  const asItIs: Change = { tables: [], action: argv, pfctl: [] };
  if (pipelines === null) {
    if (/\bpfctl\b/.test(text ?? '')) {
      addNote('look', line, 'can not separate pfctl from the script around it; kept as an action');
    }
    return asItIs;
  }
  const tables: TableChange[] = [];
  const left: Pipeline[] = [];
  const pfctl: (readonly string[])[] = [];
  let hasPfctl = false;
  let afterPfctl = false;
  for (const pipeline of pipelines) {
    const found = findPfctl(pipeline);
    if (found?.use.kind === 'change') {
      tables.push(...changesOf(found.use, line, addNote));
      if (!found.isEchoed) pfctl.push(found.prefix);
      hasPfctl = true;
      noteOmitted(found, pipeline, line, addNote);
      afterPfctl = true;
      continue;
    }
    if (afterPfctl && pipeline.joiner === '||') {
      if (!isNothing(pipeline)) {
        addNote('lost', line, `\`${pipeline.raw}\` runs when pfctl fails; hfm retries and logs it`);
      }
      continue;
    }
    afterPfctl = false;
    if (found !== null) noteOtherUse(found.use, pipeline, line, addNote);
    left.push(pipeline);
  }
  if (!hasPfctl) return asItIs;
  return { tables, action: joinLeft(left, line, addNote), pfctl };
}

/** The text of `sh -c TEXT`, or null when it is another program. */
export function shellTextOf(argv: readonly string[]): string | null {
  const [program = '', option = '', text] = argv;
  const isShell = /^(?:.*\/)?(?:sh|ksh|bash|dash)$/.test(program) && /^-[eux]*c$/.test(option);
  return isShell && argv.length === 3 ? (text ?? null) : null;
}

interface Found {
  readonly use: PfctlUse;
  readonly prefix: readonly string[];
  readonly isEchoed: boolean;
}

function directly(argv: readonly string[]): Pipeline {
  const stage: Stage = { words: argv, isDynamic: false, files: [] };
  return { stages: [stage], raw: argv.join(' '), joiner: ';' };
}

/** The pfctl at the beginning of a pipeline, perhaps after echo, doas or sudo; null without one. */
function findPfctl({ stages, raw }: Pipeline): Found | null {
  const [stage] = stages;
  const words = stage?.words ?? [];
  const at = words.findIndex((word) => /^(?:.*\/)?pfctl$/.test(word));
  const isEchoed = words[0] === 'echo';
  const prefix = words.slice(isEchoed ? 1 : 0, at + 1);
  if (at < 0 || !isPrefix(prefix.slice(0, -1))) {
    return /\bpfctl\b/.test(raw) ? { use: { kind: 'other' }, prefix: [], isEchoed } : null;
  }
  const use: PfctlUse = stage?.isDynamic ? { kind: 'other' } : readPfctl(words.slice(at + 1));
  return { use, prefix, isEchoed };
}

/** Whether the words are `doas -n`, `sudo -n -u root` or the like, or none. */
function isPrefix(words: readonly string[]): boolean {
  const [program, ...options] = words;
  if (program === undefined) return true;
  return /^(?:.*\/)?(?:doas|sudo)$/.test(program) && /^(-n ?|-u root ?)*$/.test(options.join(' '));
}

function changesOf(
  use: Extract<PfctlUse, { kind: 'change' }>,
  line: number,
  addNote: AddNote,
): TableChange[] {
  return use.targets.flatMap((target) => {
    const result = parseAddress(target);
    if (result.ok) return [{ ...use, address: result.address, line }];
    addNote(
      'lost',
      line,
      `pfctl -T ${use.operation} ${target} in table <${use.table}>: ${result.why}`,
    );
    return [];
  });
}

function noteOmitted(
  { isEchoed }: Found,
  pipeline: Pipeline,
  line: number,
  addNote: AddNote,
): void {
  if (isEchoed) {
    addNote('look', line, `\`${pipeline.raw}\` only prints the command; hfm changes the table`);
  }
  const [, ...others] = pipeline.stages;
  if (others.length > 0) {
    addNote('remark', line, `The rest of \`${pipeline.raw}\` is left out: hfm logs each change.`);
  }
}

function noteOtherUse(use: PfctlUse, { raw }: Pipeline, line: number, addNote: AddNote): void {
  if (use.kind === 'kill') {
    addNote(
      'look',
      line,
      `\`${raw}\` is now an action; kill_states = "down" in the pool may serve better`,
    );
    return;
  }
  addNote('look', line, `\`${raw}\` does not add or delete plain addresses; kept as an action`);
}

/** `true`, `:` and `exit` do nothing. echo only prints, which hfm's log replaces. */
function isNothing({ stages }: Pipeline): boolean {
  const [stage, ...others] = stages;
  if (stage === undefined || others.length > 0 || stage.files.length > 0) return false;
  return ['true', ':', 'exit', 'echo'].includes(stage.words[0] ?? '');
}

function joinLeft(
  left: readonly Pipeline[],
  line: number,
  addNote: AddNote,
): readonly string[] | null {
  const kept = left.filter((pipeline) => !isNothing(pipeline));
  for (const { stages, raw } of left) {
    if (isNothing({ stages, raw, joiner: ';' }) && stages[0]?.words[0] === 'echo') {
      addNote('remark', line, `\`${raw}\` is left out: hfm logs each change.`);
    }
  }
  if (kept.length === 0) return null;
  const text = kept
    .map(({ raw, joiner }, i) => (i === 0 ? raw : `${joiner === ';' ? ';' : ` ${joiner}`} ${raw}`))
    .join('');
  return ['/bin/sh', '-c', text];
}
