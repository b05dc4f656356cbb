import type { Case, Shelf } from '../cases.ts';

const SERVER = { HFM_ADDRESS: 'fd00::1' };
const PEM = '-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----';

/** An openssl whose certificate is good for so many days. */
const openssl = (
  days: number,
  client = `printf 'CONNECTED(00000003)\\n${PEM}\\nDONE\\n'`,
): Pick<Case, 'env' | 'fakes'> => ({
  env: SERVER,
  fakes: {
    openssl: `note "$*"
case "$1 $3" in
's_client '*) ${client} ;;
'x509 -enddate') cat >/dev/null; echo 'notAfter=Jan  2 03:04:05 2027 GMT' ;;
'x509 -checkend') cat >/dev/null; [ "$4" -lt ${days * 86_400} ] ;;
esac`,
  },
});

export const tlsExpiry: Shelf = {
  script: 'checks/tls-expiry',
  cases: [
    {
      does: 'passes with the day on which it expires',
      ...openssl(20),
      args: ['-s', 'www.example.org', '-t', 'smtp', '-p', '25', '-w', '14', '-c', '7'],
      exit: 0,
      says: 'expires Jan  2 03:04:05 2027 GMT',
      notes: /^s_client -host fd00::1 -port 25 -servername www\.example\.org -starttls smtp\n/,
    },
    {
      does: 'warns',
      ...openssl(10),
      args: ['-w', '14'],
      exit: 1,
      says: 'WARNING: fewer than 14 days left, expires Jan  2 03:04:05 2027 GMT',
    },
    {
      does: 'fails before it expires where it is told to',
      ...openssl(5),
      args: ['-w', '14', '-c', '7'],
      exit: 2,
      says: 'CRITICAL: fewer than 7 days left, expires Jan  2 03:04:05 2027 GMT',
    },
    {
      does: 'fails where it has expired',
      ...openssl(-1),
      exit: 2,
      says: 'CRITICAL: expired Jan  2 03:04:05 2027 GMT',
    },
    {
      does: 'does not warn unless it is told to',
      ...openssl(1),
      exit: 0,
      notes: /^s_client -host fd00::1 -port 443\n/,
    },
    {
      does: "fails with OpenSSL's reason",
      ...openssl(
        1,
        "echo '80EB:error:8000006F:system library:BIO_connect:Connection refused:../bio.c:125:' >&2",
      ),
      exit: 2,
      says: 'CRITICAL: no certificate from fd00::1:443: Connection refused',
    },
    {
      does: "fails with LibreSSL's reason",
      ...openssl(1, "echo 'connect: Connection refused' >&2"),
      exit: 2,
      says: 'CRITICAL: no certificate from fd00::1:443: Connection refused',
    },
    {
      does: 'does not know what it can not read',
      env: SERVER,
      fakes: { openssl: `[ "$1" = x509 ] && exit 1; printf 'CONNECTED\\n${PEM}\\n'` },
      exit: 3,
      says: 'UNKNOWN: can not read the certificate of fd00::1:443',
    },
    {
      does: 'says that there is no openssl',
      env: SERVER,
      exit: 3,
      says: 'UNKNOWN: there is no openssl in PATH',
    },
    { does: 'wants an address', exit: 3, complains: /^usage: tls-expiry/ },
    {
      does: 'wants days',
      env: SERVER,
      args: ['-w', '-1'],
      exit: 3,
      complains: /^usage: tls-expiry/,
    },
  ],
};
