import type { Case, Shelf } from '../cases.ts';

const SERVER = { HFM_ADDRESS: '192.0.2.63' };
/** nc prints the protocol as it is; redis-cli only what it carries. */
const nc = (lines: readonly string[], env: Case['env'] = SERVER): Pick<Case, 'env' | 'fakes'> => ({
  env,
  fakes: {
    nc: `note "$*"; note "$(tr -d '\\r')"; printf '%s\\r\\n' ${lines.map((one) => `'${one}'`).join(' ')}`,
  },
});
const cli = (lines: readonly string[]): Pick<Case, 'env' | 'fakes'> => ({
  env: SERVER,
  fakes: {
    'redis-cli': `note "$*"; cat >/dev/null; printf '%s\\n' ${lines.map((one) => `'${one}'`).join(' ')}`,
  },
});
const MASTER = ['+PONG', '$60', '# Replication', 'role:master', 'connected_slaves:0', '', '+OK'];
const REPLICA = ['PONG', '# Replication', 'role:slave', 'master_link_status:up', 'OK'];

export const redis: Shelf = {
  script: 'checks/redis',
  cases: [
    {
      does: 'passes with PONG, by nc',
      ...nc(MASTER),
      args: ['-r', 'master'],
      exit: 0,
      says: 'PONG, master',
      notes: '-n -w 5 192.0.2.63 6379\nPING\nPING\nINFO replication\nQUIT',
    },
    {
      does: 'gives the password, not as an argument',
      ...nc(['+OK', ...MASTER], { ...SERVER, REDISCLI_AUTH: 'secret' }),
      exit: 0,
      notes: '-n -w 5 192.0.2.63 6379\nAUTH secret\nPING\nINFO replication\nQUIT',
    },
    {
      does: 'passes with PONG, by redis-cli',
      ...cli(REPLICA),
      args: ['-r', 'replica', '-p', '6380'],
      exit: 0,
      says: 'PONG, replica',
      notes: '-h 192.0.2.63 -p 6380',
    },
    {
      does: 'fails in the other role',
      ...cli(REPLICA),
      args: ['-r', 'master'],
      exit: 2,
      says: 'CRITICAL: 192.0.2.63:6379 is replica, expected master',
    },
    {
      does: 'warns of a replica that has lost its master',
      ...cli(REPLICA.map((line) => line.replace(':up', ':down'))),
      exit: 1,
      says: 'WARNING: 192.0.2.63:6379 is a replica without its master',
    },
    {
      does: 'fails while it loads',
      ...nc(['-LOADING Redis is loading the dataset in memory']),
      exit: 2,
      says: /^CRITICAL: no PONG from 192\.0\.2\.63:6379: LOADING/,
    },
    {
      does: 'does not blame the server for a password',
      ...cli(['NOAUTH Authentication required.']),
      exit: 3,
      says: /^UNKNOWN: NOAUTH/,
    },
    {
      does: 'fails without an answer',
      ...nc([]),
      exit: 2,
      says: 'CRITICAL: no PONG from 192.0.2.63:6379',
    },
    {
      does: 'says that there is no client',
      env: SERVER,
      exit: 3,
      says: 'UNKNOWN: there is no redis-cli or nc in PATH',
    },
    {
      does: 'wants a role that there is',
      env: SERVER,
      args: ['-r', 'slave'],
      exit: 3,
      complains: /^usage: redis/,
    },
    { does: 'wants an address', exit: 3, complains: /^usage: redis/ },
  ],
};
