/**
 * The logical lines of a pf.conf, without comments, with macros replaced, and with continuations and
 * lists over several lines joined. The braces around an anchor's rules stay on lines of their own.
 * @param {string} text
 * @returns {{ line: number, words: string }[]} `line` is where it begins, from 1
 */
export function logicalLines(text) {
  /** @type {{ line: number, words: string }[]} */
  const lines = [];
  /** @type {Record<string, string>} */
  const macros = {};
  let pending = '';
  let begins = 0;
  for (const [index, raw] of text.split('\n').entries()) {
    if (pending === '') begins = index + 1;
    const bare = withoutComment(raw).trim();
    pending = `${pending} ${bare.replace(/\\$/, '')}`.trim();
    if (bare.endsWith('\\') || hasOpenList(pending)) continue;
    const words = withMacros(pending, macros);
    pending = '';
    const [, name, value] = /^([A-Za-z_]\w*)\s*=\s*(.*)$/.exec(words) ?? [];
    if (name !== undefined) macros[name] = (value ?? '').replace(/^"(.*)"$/, '$1');
    else if (words !== '') lines.push({ line: begins, words });
  }
  if (pending !== '') lines.push({ line: begins, words: pending });
  return lines;
}

/** @param {string} line */
function withoutComment(line) {
  return line.replace(/^((?:[^"#]|"[^"]*")*)#.*$/, '$1');
}

/** @param {string} words */
function hasOpenList(words) {
  if (/^(?:nat-|rdr-|binat-)?anchor\b/.test(words)) return false;
  return words.split('{').length > words.split('}').length;
}

/**
 * @param {string} words
 * @param {Readonly<Record<string, string>>} macros
 */
function withMacros(words, macros) {
  return words.replace(/\$([A-Za-z_]\w*)/g, (whole, name) => macros[name] ?? whole);
}
