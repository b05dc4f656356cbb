import { USAGE } from './messages.mjs';

/** @typedef {import('./messages.mjs').Os} Os */

/**
 * @typedef {object} Options
 * @property {string | undefined} anchor
 * @property {string | undefined} table
 * @property {string | undefined} tableCommand
 * @property {string | undefined} show
 * @property {string | undefined} flush
 * @property {string | undefined} file
 * @property {string | undefined} iface
 * @property {string} device
 * @property {string[]} kill
 * @property {string[]} killSources
 * @property {number} verbose 0, 1 or 2
 * @property {boolean} quiet
 * @property {boolean} dryRun
 * @property {boolean} enable
 * @property {boolean} disable
 * @property {boolean} writes whether the device is opened for writing
 * @property {string[]} args the words after the options
 */

const LETTERS = {
  openbsd: 'a:dD:eqf:F:ghi:k:K:L:nNo:Pp:R:rS:s:t:T:vV:x:z',
  freebsd: 'a:AdD:eqf:F:ghi:k:K:mMnNOo:Pp:rRs:St:T:vx:z',
};

const TABLE_COMMANDS = 'kill flush add delete load replace show test zero expire'.split(' ');
const SHOW = {
  openbsd:
    'queue rules Anchors Sources states info Interfaces labels timeouts memory Tables osfp all',
  freebsd:
    'ether nat queue rules Anchors Sources states info Interfaces labels timeouts memory Tables osfp Running all creatorids',
};
const FLUSH = {
  openbsd: 'rules Sources states info Tables osfp Reset all',
  freebsd: 'nat queue rules Sources states info Tables osfp ethernet Reset all',
};

/**
 * Parses a command line as BSD getopt(3) does: options end at the first word that is not one.
 * @param {readonly string[]} argv without the program's name
 * @param {Os} os
 * @returns {{ kind: 'options', options: Options } | { kind: 'refused', stderr: string }}
 */
export function parseOptions(argv, os) {
  const options = emptyOptions();
  if (argv.length === 0) return refused(os, '');
  let at = 0;
  while (at < argv.length) {
    const word = argv[at] ?? '';
    if (word === '--') {
      at += 1;
      break;
    }
    if (!word.startsWith('-') || word === '-') break;
    at += 1;
    for (let i = 1; i < word.length; i += 1) {
      const letter = word[i] ?? '';
      const known = letter === ':' ? -1 : LETTERS[os].indexOf(letter);
      if (known < 0) return refused(os, unknownOption(os, letter));
      if (LETTERS[os][known + 1] !== ':') {
        const problem = setFlag(options, letter);
        if (problem !== '') return refused(os, problem);
        continue;
      }
      const rest = word.slice(i + 1);
      const value = rest === '' ? argv[at] : rest;
      if (rest === '') at += 1;
      if (value === undefined) {
        return refused(os, `pfctl: option requires an argument -- ${letter}\n`);
      }
      const problem = setValue(options, os, letter, value);
      if (problem !== '') return refused(os, problem);
      break;
    }
  }
  options.args = argv.slice(at);
  return checked(options, os);
}

/**
 * @param {Options} options
 * @param {Os} os
 * @returns {{ kind: 'options', options: Options } | { kind: 'refused', stderr: string }}
 */
function checked(options, os) {
  if ((options.table === undefined) !== (options.tableCommand === undefined)) {
    return refused(os, '');
  }
  if (options.tableCommand === undefined && options.args.length > 0) {
    return refused(os, `pfctl: unknown command line argument: ${options.args[0]} ...\n`);
  }
  // pfctl.c: "show" and "test" open the device for reading only.
  if (options.tableCommand !== undefined && !/^[st]/.test(options.tableCommand)) {
    options.writes = true;
  }
  if (options.anchor === '') {
    return { kind: 'refused', stderr: 'pfctl: anchor name must not be empty\n' };
  }
  return { kind: 'options', options };
}

/** @returns {Options} */
function emptyOptions() {
  return {
    anchor: undefined,
    table: undefined,
    tableCommand: undefined,
    show: undefined,
    flush: undefined,
    file: undefined,
    iface: undefined,
    device: '/dev/pf',
    kill: [],
    killSources: [],
    verbose: 0,
    quiet: false,
    dryRun: false,
    enable: false,
    disable: false,
    writes: false,
    args: [],
  };
}

/**
 * @param {Options} options
 * @param {string} letter
 * @returns {string} the complaint before the usage lines, or an empty string
 */
function setFlag(options, letter) {
  if (letter === 'v') options.verbose = Math.min(options.verbose + 1, 2);
  else if (letter === 'q') options.quiet = true;
  else if (letter === 'n') options.dryRun = true;
  else if (letter === 'e') options.enable = true;
  else if (letter === 'd') options.disable = true;
  else if (letter === 'h') return '\n';
  if ('edz'.includes(letter)) options.writes = true;
  return '';
}

/**
 * @param {Options} options
 * @param {Os} os
 * @param {string} letter
 * @param {string} value
 * @returns {string}
 */
function setValue(options, os, letter, value) {
  if ('fFkKx'.includes(letter)) options.writes = true;
  if (letter === 'a') options.anchor = value;
  else if (letter === 't') options.table = value;
  else if (letter === 'f') options.file = value;
  else if (letter === 'i') options.iface = value;
  else if (letter === 'p') options.device = value;
  else if (letter === 'k' || letter === 'K') {
    const list = letter === 'k' ? options.kill : options.killSources;
    if (list.length === 2) return `pfctl: can only specify -${letter} twice\n`;
    list.push(value);
  } else if (letter === 'T') {
    options.tableCommand = startingWith(TABLE_COMMANDS, value);
    if (options.tableCommand === undefined) return `pfctl: Unknown table command '${value}'\n`;
  } else if (letter === 's') {
    options.show = startingWith(SHOW[os].split(' '), value);
    if (options.show === undefined) return `pfctl: Unknown show modifier '${value}'\n`;
  } else if (letter === 'F') {
    options.flush = startingWith(FLUSH[os].split(' '), value);
    if (options.flush === undefined) return `pfctl: Unknown flush modifier '${value}'\n`;
  }
  return '';
}

/**
 * pfctl.c pfctl_lookup_option: the first word that begins with the given one, which may be empty.
 * @param {readonly string[]} words
 * @param {string} given
 */
function startingWith(words, given) {
  return words.find((word) => word.startsWith(given));
}

/**
 * @param {Os} os
 * @param {string} letter
 */
function unknownOption(os, letter) {
  return `pfctl: ${os === 'freebsd' ? 'illegal' : 'unknown'} option -- ${letter}\n`;
}

/**
 * @param {Os} os
 * @param {string} complaint
 * @returns {{ kind: 'refused', stderr: string }}
 */
function refused(os, complaint) {
  return { kind: 'refused', stderr: (complaint === '\n' ? '' : complaint) + USAGE[os] };
}
