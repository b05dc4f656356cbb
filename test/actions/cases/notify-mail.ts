import type { Shelf } from '../../checks/cases.ts';
import { CHANGE } from '../change.ts';

const fakes = {
  hostname: 'echo fw1.example.org',
  sendmail: `note "$*"; note "$(cat)"`,
  date: 'echo TIME',
};

export const notifyMail: Shelf = {
  script: 'actions/notify-mail',
  cases: [
    {
      does: 'sends what has changed',
      args: ['ops@example.org', 'root'],
      env: CHANGE,
      fakes,
      exit: 0,
      notes: `-t -i
To: ops@example.org, root
Subject: [fw1.example.org] lb1 is down
Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

backend  lb1 (10.2.1.11)
health   up -> down
reason   connect-refused
detail   10.2.1.11:80 refused the connection
pools    web mail
tables   confirmed
node     fw1.example.org
time     TIME`,
    },
    {
      does: 'lets nothing that a server said become a line, a header or a command',
      args: ['-f', 'hfm@example.org', 'root'],
      env: {
        ...CHANGE,
        HFM_BACKEND: 'a\nBcc: x@example.org',
        HFM_DETAIL: '\n.\n$(id) `id` \\n\r\nBcc: y',
      },
      fakes,
      exit: 0,
      notes:
        /^-t -i -f hfm@example\.org\nTo: root\nFrom: hfm@example\.org\nSubject: \[fw1\.example\.org\] aBcc: x@example\.org is down\n[\s\S]*\ndetail {3}\.\$\(id\) `id` \\nBcc: y\n/,
    },
    {
      does: 'fails where sendmail does',
      args: ['root'],
      env: CHANGE,
      fakes: { ...fakes, sendmail: 'cat >/dev/null; echo "queue is full" >&2; exit 75' },
      exit: 75,
      complains: /^queue is full/,
    },
    {
      does: 'says that there is no sendmail',
      args: ['root'],
      env: CHANGE,
      exit: 3,
      complains: /^notify-mail: there is no sendmail in PATH/,
    },
    { does: 'wants somebody', env: CHANGE, exit: 64, complains: /^usage: notify-mail/ },
    {
      does: 'does not take an option for an address',
      args: ['--', '-oQ/tmp'],
      env: CHANGE,
      exit: 64,
      complains: /usage: notify-mail/,
    },
    {
      does: 'does not take two lines for an address',
      args: ['root\nBcc: x'],
      env: CHANGE,
      exit: 64,
      complains: /usage: notify-mail/,
    },
    {
      does: 'wants a change',
      args: ['root'],
      exit: 64,
      complains: /^notify-mail: HFM_BACKEND and HFM_TO must be set/,
    },
  ],
};
