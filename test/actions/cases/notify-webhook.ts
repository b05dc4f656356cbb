import type { Shelf } from '../../checks/cases.ts';
import { CHANGE } from '../change.ts';

const base = { hostname: 'echo fw1', date: 'echo TIME' };
const curl = { ...base, curl: `for word; do note "$word"; done; note "$(cat)"` };
const URL = 'https://hooks.example.org/services/T0/B0?a=b';
const OPTIONS =
  '-q\n-gfsS\n-m\n10\n-o\n/dev/null\n-K\n-\n-H\nContent-Type: application/json\n--data-binary';
const JSON_OF_CHANGE =
  '{"event":"down","backend":"lb1","address":"10.2.1.11","from":"up","to":"down",' +
  '"reason":"connect-refused","detail":"10.2.1.11:80 refused the connection",' +
  '"pools":["web","mail"],"tables":"confirmed","node":"fw1","time":"TIME"}';

export const notifyWebhook: Shelf = {
  script: 'actions/notify-webhook',
  cases: [
    {
      does: 'posts JSON by curl',
      args: [URL],
      env: CHANGE,
      fakes: curl,
      exit: 0,
      notes: `${OPTIONS}\n${JSON_OF_CHANGE}\nurl = "${URL}"`,
    },
    {
      does: 'posts in the form of Slack, to a URL from a file',
      args: ['-s', '@{folder}/url'],
      env: { ...CHANGE, HFM_DETAIL: 'said "<b>" & \\n' },
      files: { url: `${URL}\nmore\n` },
      fakes: curl,
      exit: 0,
      notes:
        `${OPTIONS}\n{"text":"[fw1] lb1 up -> down: connect-refused: said \\"&lt;b&gt;\\" &amp; \\\\n (pools: web mail, tables: confirmed)"}\nurl = "${URL}"`.replace(
          'up -> down',
          'up -&gt; down',
        ),
    },
    {
      does: 'posts by nc where there is no curl, to http',
      args: ['http://[::1]:8080/hook?x=1'],
      env: CHANGE,
      fakes: {
        ...base,
        nc: `note "$*"; note "$(tr -d '\\r')"; printf 'HTTP/1.1 204 No Content\\r\\n\\r\\n'`,
      },
      exit: 0,
      notes: `-w 10 ::1 8080\nPOST /hook?x=1 HTTP/1.0\nHost: [::1]:8080\nContent-Type: application/json\nContent-Length: ${JSON_OF_CHANGE.length + 1}\n\n${JSON_OF_CHANGE}`,
    },
    {
      does: 'fails with what the server says to nc',
      args: ['http://192.0.2.1'],
      env: CHANGE,
      fakes: {
        ...base,
        nc: `note "$*"; cat >/dev/null; printf 'HTTP/1.1 404 Not Found\\r\\n\\r\\n'`,
      },
      exit: 1,
      complains: /^notify-webhook: HTTP\/1\.1 404 Not Found/,
      notes: '-w 10 192.0.2.1 80',
    },
    {
      does: 'fails where curl does',
      args: [URL],
      env: CHANGE,
      fakes: { ...base, curl: 'echo "curl: (22) 500" >&2; exit 22' },
      exit: 22,
      complains: /^curl: \(22\) 500/,
    },
    {
      does: 'does not send a secret in the clear for want of curl',
      args: [URL],
      env: CHANGE,
      fakes: { ...base, nc: 'note called' },
      exit: 3,
      complains: /^notify-webhook: there is no curl in PATH, and https:\/\/ needs it/,
    },
    {
      does: 'says that there is no client',
      args: ['http://192.0.2.1/'],
      env: CHANGE,
      fakes: base,
      exit: 3,
      complains: /there is no curl or nc in PATH/,
    },
    {
      does: 'fails without the file',
      args: ['@{folder}/url'],
      env: CHANGE,
      exit: 1,
      complains: /can not read .*\/url/,
    },
    {
      does: 'wants a URL',
      args: ['ftp://x'],
      env: CHANGE,
      exit: 64,
      complains: /^usage: notify-webhook/,
    },
    {
      does: 'wants a URL that is one',
      args: ['http://x/"\noutput = "/etc/x'],
      env: CHANGE,
      exit: 64,
      complains: /^usage: notify-webhook/,
    },
    {
      does: 'wants a change',
      args: [URL],
      exit: 64,
      complains: /HFM_BACKEND and HFM_TO must be set/,
    },
  ],
};
