import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';

export interface NotRunnable {
  /** An error code of execve(2): ENOENT, EACCES, ENOEXEC ... */
  readonly code: string;
  /** The same for people, such as "no such file". */
  readonly why: string;
}

/**
 * Why the system would not run a file as intended; null when nothing is wrong. An empty file and a
 * program for another machine count too: execvp(3) would run both by sh(1), as a script, and an empty
 * script succeeds.
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
    return { code, why: REASONS[code] ?? message };
  }
}

const REASONS: Readonly<Record<string, string>> = {
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

/** Why the system refused to run a file; `errno` is the number of errno(2) that it returned. */
export function refusalOf(path: string, errno: number): NotRunnable {
  const code = getSystemErrorName(-errno);
  return whyNotRunnable(path) ?? { code, why: spawnErrorText(code, code) };
}

/** An error of spawn for people; `message` where the code is not known. */
export function spawnErrorText(code: string, message: string): string {
  return REASONS[code] ?? message;
}

const HEAD_BYTES = 256;

/** Null when the file can't be read: it may be only executable, or no descriptor may be left. */
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

/** Values of e_machine in elf(5). */
const X86_64 = 62;
const AARCH64 = 183;
/** The 32-bit machine whose programs a 64-bit system may run too. */
const MACHINE_32_BIT: Readonly<Record<number, number>> = { [X86_64]: 3, [AARCH64]: 40 };
const OWN: Readonly<Partial<Record<NodeJS.Architecture, number>>> = { x64: X86_64, arm64: AARCH64 };

/** The values of e_machine of programs that this machine may run; none when that is not known. */
export function ownMachines(): readonly number[] {
  const own = OWN[process.arch];
  return own === undefined ? [] : [own, MACHINE_32_BIT[own] ?? own];
}

function isForeign(head: Buffer): boolean {
  const own = ownMachines();
  if (own.length === 0 || head.length < 20 || head.readUInt32BE() !== 0x7f454c46) return false;
  const isBigEndian = head[5] === 2;
  const machine = isBigEndian ? head.readUInt16BE(18) : head.readUInt16LE(18);
  return !own.includes(machine);
}
