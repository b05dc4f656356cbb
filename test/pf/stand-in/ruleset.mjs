import { readFileSync } from 'node:fs';
import { parseAddress } from './address.mjs';
import { keyOf, wordsOf } from './address-list.mjs';
import { logicalLines } from './config-lines.mjs';
import { echoRule, poolProblems } from './rule-echo.mjs';

/** @typedef {import('./messages.mjs').Os} Os */

/**
 * @typedef {object} Definition
 * @property {string} name
 * @property {string} anchor
 * @property {boolean} persist
 * @property {boolean} const
 * @property {boolean} counters
 * @property {string[] | undefined} addresses undefined when the definition has no contents
 */

/**
 * @typedef {object} Parsed
 * @property {Definition[]} definitions
 * @property {Record<string, import('./store.mjs').Ruleset>} rulesets by anchor
 * @property {string[]} problems lines for stderr
 * @property {string[]} echo what -nv prints
 */

const RULES =
  'pass block match nat rdr binat no scrub antispoof queue altq set state-defaults ether'.split(
    ' ',
  );
const ANCHORS = ['anchor', 'nat-anchor', 'rdr-anchor', 'binat-anchor'];

/**
 * Reads the table definitions of a pf.conf, and which rules of which anchor refer to tables. It checks
 * only the first word of everything else.
 * @param {string} text
 * @param {{ os: Os, name: string, anchor: string }} where
 * @returns {Parsed}
 */
export function parseRuleset(text, { os, name, anchor }) {
  /** @type {Parsed} */
  const parsed = { definitions: [], rulesets: {}, problems: [], echo: [] };
  const open = [rulesetOf(parsed, anchor)];
  const paths = [anchor];
  for (const { line, words } of logicalLines(text)) {
    const path = paths.at(-1) ?? '';
    const ruleset = open.at(-1) ?? rulesetOf(parsed, path);
    const [first = ''] = words.split(/[\s<"]/, 1);
    if (words === '}' && paths.length > 1) {
      paths.pop();
      open.pop();
    } else if (first === 'table') {
      const definition = parseDefinition(words, path, os);
      if (typeof definition === 'string') {
        parsed.problems.push(`${name}:${line}: ${definition}\n`);
      } else {
        parsed.definitions.push(definition);
        parsed.echo.push(`${words}\n`);
      }
    } else if (ANCHORS.includes(first)) {
      const called = calledAnchor(words, path);
      ruleset.anchors.push(called);
      if (words.endsWith('{')) {
        paths.push(called);
        open.push(rulesetOf(parsed, called));
      }
      parsed.echo.push(`${words}\n`);
    } else if (RULES.includes(first)) {
      const problems = poolProblems(words, os);
      parsed.problems.push(...problems.map((problem) => `${name}:${line}: ${problem}\n`));
      if (problems.length === 0) parsed.echo.push(`${echoRule(words)}\n`);
      ruleset.references.push(...referencesIn(words));
    } else parsed.problems.push(`${name}:${line}: syntax error\n`);
  }
  return parsed;
}

/**
 * @param {Parsed} parsed
 * @param {string} anchor
 */
function rulesetOf(parsed, anchor) {
  const ruleset = parsed.rulesets[anchor] ?? { references: [], anchors: [] };
  parsed.rulesets[anchor] = ruleset;
  return ruleset;
}

/**
 * @param {string} words
 * @param {string} anchor
 * @param {Os} os
 * @returns {Definition | string} a string is the error
 */
function parseDefinition(words, anchor, os) {
  const [, name, rest = ''] = /^table\s*<([^<>\s]{1,31})>(.*)$/s.exec(words) ?? [];
  if (name === undefined) return 'syntax error';
  /** @type {string[] | undefined} */
  let addresses;
  const parts = rest.matchAll(/\{([^}]*)\}|file\s+"([^"]*)"|(\S+)/g);
  const flags = { persist: false, const: false, counters: false };
  for (const [, list, file, flag] of parts) {
    if (flag !== undefined) {
      if (flag !== 'persist' && flag !== 'const' && flag !== 'counters') return 'syntax error';
      flags[flag] = true;
      continue;
    }
    const given = list === undefined ? wordsOfFile(file ?? '') : listWords(list);
    if (typeof given === 'string') return given;
    addresses ??= [];
    for (const word of given) {
      const parsed = parseAddress(word, os);
      if (parsed.kind !== 'address') return `no IP address found for ${word}`;
      addresses.push(keyOf(parsed.address));
    }
  }
  return { name, anchor, ...flags, addresses };
}

/** @param {string} list */
function listWords(list) {
  return list
    .replace(/!\s+/g, '!')
    .split(/[\s,]+/)
    .filter((word) => word !== '');
}

/** @param {string} file */
function wordsOfFile(file) {
  try {
    return wordsOf(readFileSync(file, 'utf8'));
  } catch {
    // parse.y prints this reason for every error.
    return `cannot load "${file}": No such file or directory`;
  }
}

/**
 * The anchor that a rule calls; `anchor "hfm/*"` calls those below hfm.
 * @param {string} words
 * @param {string} path of the anchor that calls
 */
function calledAnchor(words, path) {
  const [, name = '_anonymous'] = /^\S+\s+"?([^"\s{]+)"?/.exec(words) ?? [];
  const plain = name.replace(/\/\*$/, '');
  if (plain.startsWith('/')) return plain.slice(1);
  return path === '' ? plain : `${path}/${plain}`;
}

/** @param {string} words */
function referencesIn(words) {
  return [...words.matchAll(/<([^<>\s]+)>/g)].map(([, name]) => name ?? '');
}
