/** A simple command. Quotes in its words are resolved, expansions such as `$x` are not. */
export interface Stage {
  readonly words: readonly string[];
  /** Whether the shell expands something in its words: `$` or backquotes. */
  readonly isDynamic: boolean;
  /** The files of its redirections, without /dev/null and descriptors. */
  readonly files: readonly string[];
}

/** Commands joined by `|`, and their text. */
export interface Pipeline {
  readonly stages: readonly Stage[];
  readonly raw: string;
  /** What is between the previous pipeline and this one; a new line is `;`. */
  readonly joiner: ';' | '&&' | '||' | '&';
}

/**
 * Parses shell text that is a list of simple commands, by POSIX, Shell Command Language; null for
 * more (if, for, functions, subshells, here-documents) and for what can't be parsed.
 */
export function parseShellText(text: string): readonly Pipeline[] | null {
  const pipelines: Pipeline[] = [];
  let joiner: Pipeline['joiner'] = ';';
  let stages: Stage[] = [];
  let stage = newStage();
  let start: number | null = null;
  let end = 0;

  const endStage = (): void => {
    if (stage.words.length > 0 || stage.files.length > 0) stages.push(stage);
    stage = newStage();
  };
  const endPipeline = (next: Pipeline['joiner']): void => {
    endStage();
    if (stages.length > 0) {
      pipelines.push({ stages, raw: text.slice(start ?? 0, end), joiner });
      joiner = next;
    } else if (next !== ';') joiner = next;
    stages = [];
    start = null;
  };

  let offset = 0;
  while (offset < text.length) {
    const rest = text.slice(offset);
    const blank = /^(?:[ \t]+|\\\n|#[^\n]*)/.exec(rest)?.[0];
    const operator = /^(?:&&|\|\||;;|[;&|\n])/.exec(rest)?.[0];
    const redirect = /^\d*(?:<<|>>|>&|<&|>\||[<>])/.exec(rest)?.[0];
    if (blank !== undefined) offset += blank.length;
    else if (operator !== undefined) {
      offset += operator.length;
      if (operator === ';;') return null;
      if (operator === '|') endStage();
      else endPipeline(operator === '\n' ? ';' : (operator as Pipeline['joiner']));
    } else {
      start ??= offset;
      if (redirect !== undefined) offset += redirect.length + leadingBlanks(rest, redirect.length);
      if (redirect?.endsWith('<<')) return null;
      const word = readWord(text.slice(offset));
      if (word === null || word.length === 0) return null;
      offset += word.length;
      end = offset;
      if (redirect === undefined) {
        if (stage.words.length === 0 && RESERVED.has(word.text)) return null;
        stage.words.push(word.text);
        stage.isDynamic ||= word.isDynamic;
      } else if (!/^(?:\/dev\/null|\d|-)$/.test(word.text)) stage.files.push(word.text);
    }
  }
  endPipeline(';');
  return pipelines;
}

interface Word {
  readonly text: string;
  readonly isDynamic: boolean;
  /** The characters of the text that the word takes. */
  readonly length: number;
}

const RESERVED = new Set(
  'if then else elif fi for while until do done case esac { } ! function select'.split(' '),
);

function newStage(): { words: string[]; isDynamic: boolean; files: string[] } {
  return { words: [], isDynamic: false, files: [] };
}

function leadingBlanks(text: string, from: number): number {
  return /^[ \t]*/.exec(text.slice(from))?.[0].length ?? 0;
}

/** Reads one word; null at an open quote or a parenthesis. */
function readWord(text: string): Word | null {
  let word = '';
  let isDynamic = false;
  let offset = 0;
  while (offset < text.length) {
    const rest = text.slice(offset);
    const part = WORD_PART.exec(rest);
    if (part === null) break;
    const [taken, single, double, escaped, command] = part;
    if (single !== undefined) word += single;
    else if (double !== undefined) {
      isDynamic ||= /(?<!\\)[$`]/.test(double);
      word += double.replace(/\\([$`"\\])/g, '$1');
    } else if (escaped !== undefined) word += escaped;
    else {
      isDynamic ||= command !== undefined || /[$`]/.test(taken);
      word += taken;
    }
    offset += taken.length;
  }
  const stop = text.slice(offset, offset + 1);
  if (/['"()`]/.test(stop)) return null;
  return { text: word, isDynamic, length: offset };
}

/** 'single', "double", \escaped, $(command) or `command`, or plain characters. */
const WORD_PART =
  /^(?:'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|(\$\([^()]*\)|`[^`]*`)|[^\s'"\\;&|<>()`]+)/s;
