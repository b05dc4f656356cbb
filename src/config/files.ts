import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

export type FileText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly why: string };

/** Reads a UTF-8 file; `why` is a reason such as "no such file". */
export function readText(path: string): FileText {
  try {
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)) };
  } catch (error) {
    return { ok: false, why: explain(error) };
  }
}

/**
 * The files that an `include` pattern names, sorted by name. A relative pattern starts at the folder
 * of the main file. Only its last component may contain `*`, which stands for any text; hidden files
 * are left out.
 */
export function expandInclude(pattern: string, mainFile: string): FileList {
  const path = resolve(dirname(mainFile), pattern);
  if (!basename(path).includes('*')) return { ok: true, files: [path] };
  const escaped = basename(path).split('*').map(escapeRegex).join('.*');
  const wanted = new RegExp(`^${escaped}$`);
  try {
    const names = readdirSync(dirname(path)).filter((name) => wanted.test(name));
    const visible = names.filter((name) => !name.startsWith('.')).sort();
    return { ok: true, files: visible.map((name) => join(dirname(path), name)) };
  } catch (error) {
    return { ok: false, why: `${dirname(path)}: ${explain(error)}` };
  }
}

export type FileList =
  | { readonly ok: true; readonly files: readonly string[] }
  | { readonly ok: false; readonly why: string };

function explain(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'no such file';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a directory';
    case 'ENOTDIR':
      return 'a part of its path is not a directory';
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return 'it is not UTF-8 text';
    default:
      return message;
  }
}

function escapeRegex(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
}
