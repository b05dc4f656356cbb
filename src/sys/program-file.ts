import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';

export interface NotRunnable {
  /** As of execve(2): ENOENT, EACCES, ENOEXEC ... */
  readonly code: string;
  /** In words, such as "no such file". */
  readonly why: string;
}

/**
 * Why the system would not run a file, or would not run what is meant: execvp(3) hands what is no
 * program to sh(1), to which an empty file is a script that succeeds. Null where nothing is wrong.
 */
export function whyNotRunnable(path: string): NotRunnable | null {
  const why = whyNotExecutable(path);
  if (why !== null) return why;
  const head = headOf(path);
  if (head === null) return null;
  if (head.length === 0) return { code: 'ENOEXEC', why: 'it is empty' };
  if (isForeign(head)) return { code: 'ENOEXEC', why: 'it is a program for another machine' };
  const interpreter = /^#![ \t]*([^ \t\n]+)/.exec(head.toString('latin1'))?.[1];
  const broken = interpreter === undefined ? null : whyNotExecutable(interpreter);
  if (broken === null) return null;
  const named = JSON.stringify(interpreter);
  return { code: broken.code, why: `its #! line asks for ${named}: ${broken.why}` };
}

function whyNotExecutable(path: string): NotRunnable | null {
  try {
    if (!statSync(path).isFile()) return { code: 'EACCES', why: 'it is not a file' };
    accessSync(path, constants.X_OK);
    return null;
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    return { code, why: WORDS[code] ?? message };
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  ENOTDIR: 'a part of its path is not a directory',
  ETXTBSY: 'it is being written',
  E2BIG: 'its arguments and its environment are too long',
  EMFILE: 'hfmd has no descriptor left',
  ENFILE: 'this machine has no descriptor left',
  EAGAIN: 'there are too many processes',
  ENOMEM: 'there is no memory left',
};

/** Why the system refused to run a file, from the number of errno(2) that it gave. */
export function refusalOf(path: string, errno: number): NotRunnable {
  const code = getSystemErrorName(-errno);
  return whyNotRunnable(path) ?? { code, why: spawnErrorText(code, code) };
}

/** What spawn says, in words. */
export function spawnErrorText(code: string, message: string): string {
  return WORDS[code] ?? message;
}

const HEAD_BYTES = 256;

/** Null for a file that may be run but not read, and where there is no descriptor to read it. */
function headOf(path: string): Buffer | null {
  try {
    const descriptor = openSync(path, 'r');
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      return head.subarray(0, readSync(descriptor, head));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return null;
  }
}

/** Numbers of elf(5), e_machine, and those whose programs a system may run beside its own. */
const X86_64 = 62;
const AARCH64 = 183;
const ALSO: Readonly<Record<number, number>> = { [X86_64]: 3, [AARCH64]: 40 };
const OWN: Readonly<Partial<Record<NodeJS.Architecture, number>>> = { x64: X86_64, arm64: AARCH64 };

/** The machines of elf(5) whose programs this one may run; none where that is not known. */
export function ownMachines(): readonly number[] {
  const own = OWN[process.arch];
  return own === undefined ? [] : [own, ALSO[own] ?? own];
}

function isForeign(head: Buffer): boolean {
  const own = ownMachines();
  if (own.length === 0 || head.length < 20 || head.readUInt32BE() !== 0x7f454c46) return false;
  const isBigEndian = head[5] === 2;
  const machine = isBigEndian ? head.readUInt16BE(18) : head.readUInt16LE(18);
  return !own.includes(machine);
}
