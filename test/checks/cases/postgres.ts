import type { Case, Shelf } from '../cases.ts';

const SERVER = { HFM_ADDRESS: '192.0.2.54', HFM_TIMEOUT_MS: '3000' };
const psql = (printed: string): Pick<Case, 'env' | 'fakes'> => ({
  env: SERVER,
  fakes: { psql: `note "$PGCONNECT_TIMEOUT $*"; printf '%s\\n' '${printed}'` },
});
const ready = (printed: string, code: number): Pick<Case, 'env' | 'fakes'> => ({
  env: SERVER,
  fakes: { pg_isready: `note "$*"; echo '${printed}'; exit ${code}` },
});

export const postgres: Shelf = {
  script: 'checks/postgres',
  cases: [
    {
      does: 'passes where it takes connections',
      ...ready('192.0.2.54:5432 - accepting connections', 0),
      exit: 0,
      says: '192.0.2.54:5432 - accepting connections',
      notes: '-t 2 -h 192.0.2.54 -p 5432',
    },
    {
      does: 'fails where it rejects them',
      ...ready('192.0.2.54:5432 - rejecting connections', 1),
      exit: 2,
    },
    {
      does: 'fails where it does not answer',
      ...ready('192.0.2.54:5432 - no response', 2),
      exit: 2,
    },
    {
      does: 'does not know where nobody was asked',
      ...ready('no attempt', 3),
      exit: 3,
      says: 'UNKNOWN: no attempt',
    },
    {
      does: 'passes where it is a primary as expected',
      ...psql('off'),
      args: ['-m', 'writable', '-U', 'hfm', '-d', 'app'],
      exit: 0,
      says: '192.0.2.54:5432 is writable',
      notes: '2 -X -w -A -t -q -h 192.0.2.54 -p 5432 -U hfm -d app -c SHOW transaction_read_only',
    },
    {
      does: 'fails where it is a standby',
      ...psql('on'),
      args: ['-m', 'writable'],
      exit: 2,
      says: 'CRITICAL: 192.0.2.54:5432 is readonly, expected writable',
    },
    {
      does: 'passes where a standby is expected',
      ...psql('on'),
      args: ['-m', 'readonly'],
      exit: 0,
    },
    {
      does: 'fails where it can not connect',
      ...psql('psql: error: connection to server at "192.0.2.54" failed: Connection refused'),
      args: ['-m', 'readonly'],
      exit: 2,
      says: /^CRITICAL: psql: error: .*refused$/,
    },
    {
      does: 'does not blame the server for a password',
      ...psql('psql: error: FATAL:  password authentication failed for user "hfm"'),
      args: ['-m', 'readonly'],
      exit: 3,
      says: /^UNKNOWN: .*password/,
    },
    {
      does: 'nor for one that is missing',
      ...psql('psql: error: fe_sendauth: no password supplied'),
      args: ['-m', 'readonly'],
      exit: 3,
      says: /^UNKNOWN: .*no password supplied$/,
    },
    {
      does: 'says that there is no pg_isready',
      env: SERVER,
      exit: 3,
      says: "UNKNOWN: there is no pg_isready in PATH; it is in the package of PostgreSQL's client",
    },
    {
      does: 'says that there is no psql',
      env: SERVER,
      args: ['-m', 'writable'],
      exit: 3,
      says: /^UNKNOWN: there is no psql in PATH/,
    },
    {
      does: 'wants a mode that there is',
      env: SERVER,
      args: ['-m', 'primary'],
      exit: 3,
      complains: /^usage: postgres/,
    },
    {
      does: 'wants a port',
      env: SERVER,
      args: ['-p', 'x'],
      exit: 3,
      complains: /^usage: postgres/,
    },
  ],
};
