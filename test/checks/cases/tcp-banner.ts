import type { Case, Shelf } from '../cases.ts';

const SERVER = { HFM_ADDRESS: '192.0.2.25', HFM_PORT: '25', HFM_TIMEOUT_MS: '3000' };

/** What nc says, and that it would stay then. */
const nc = (body: string): Pick<Case, 'env' | 'fakes'> => ({
  env: SERVER,
  fakes: { nc: `note "$*"\n${body}` },
});
const CONNECTED = 'echo "Connection to 192.0.2.25 25 port [tcp/smtp] succeeded!" >&2';

export const tcpBanner: Shelf = {
  script: 'checks/tcp-banner',
  cases: [
    {
      does: 'passes with the line that matches, and does not wait for the end',
      ...nc(`${CONNECTED}; printf '220 mx.example.org ESMTP\\r\\n'; exec sleep 60`),
      args: ['220 *'],
      exit: 0,
      says: '220 mx.example.org ESMTP',
      notes: '-v -n -w 2 192.0.2.25 25',
    },
    {
      does: 'takes any line without a pattern',
      ...nc(`${CONNECTED}; echo hello`),
      exit: 0,
      says: 'hello',
    },
    {
      does: 'takes a line without its end',
      ...nc(`${CONNECTED}; printf 'SSH-2.0-x'`),
      args: ['SSH-2.0-*'],
      exit: 0,
    },
    {
      does: 'fails with another line',
      ...nc(`${CONNECTED}; echo '554 no'; exec sleep 60`),
      args: ['220 *'],
      exit: 2,
      says: 'CRITICAL: said "554 no", expected 220 *',
    },
    {
      does: 'leaves what a server says as it is',
      ...nc(`printf '%s\\n' '$(id) \\n %s'`),
      exit: 0,
      says: '$(id) \\n %s',
    },
    {
      does: 'fails without a line',
      ...nc(CONNECTED),
      exit: 2,
      says: 'CRITICAL: no line from 192.0.2.25:25',
    },
    {
      does: 'fails with what nc says',
      ...nc(
        'echo "nc: connect to 192.0.2.25 port 25 (tcp) failed: Connection refused" >&2; exit 1',
      ),
      exit: 2,
      says: /Connection refused/,
    },
    {
      does: 'says that there is no nc',
      env: SERVER,
      exit: 3,
      says: 'UNKNOWN: there is no nc in PATH',
    },
    {
      does: 'wants a port',
      env: { HFM_ADDRESS: '192.0.2.25' },
      exit: 3,
      complains: /^usage: tcp-banner/,
    },
    {
      does: 'wants one pattern',
      env: SERVER,
      args: ['a', 'b'],
      exit: 3,
      complains: /^usage: tcp-banner/,
    },
  ],
};
