/*
 * Thousands of backends in one process, cheap enough not to distort the figures.
 *
 * Answers every HTTP request as haproxy's monitor-uri does, and keeps or closes the connection as the
 * request asks. Accepts plain TCP too. One listener on 0.0.0.0 serves every address of 127.0.0.0/8,
 * and each address is a backend. The low 16 bits of the address identify it.
 * Times are CLOCK_MONOTONIC in nanoseconds. Linux only.
 *
 * Commands come on stdin, one a line; each gives one line on stdout:
 *	listen ADDRESS PORT	ok
 *	close ADDRESS		closed ADDRESS TIME	closes the listener, resets its connections
 *	stats			stats ACCEPTED ANSWERED OPEN
 *	answer ADDRESS STATUS	ok			sets the answer of one backend from now on
 *	hold COUNT STATUS	ok			holds requests until COUNT wait, then answers
 *						these and all later requests with STATUS
 *	record on|off		ok			records connections; "on" forgets the old ones
 *	dump FILE		dumped COUNT		writes the records, see struct record
 * Lines that answer no command:
 *	answered ADDRESS STATUS TIME	the first answer after "answer"
 *	released COUNT TIME MISSED	"hold" has ended; MISSED connections ended before their answer
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"

#define MAX_FDS		65536
#define MAX_REQUEST	1024

enum role { NONE, COMMANDS, LISTENER, CONNECTION };

struct peer {
	uint64_t	 accepted;
	uint32_t	 address;
	int		 listener;
	enum role	 role;
	int		 held;
	uint32_t	 answers;
	size_t		 got;
	char		*request;
};

/* Little-endian on all machines that the bench runs on. */
struct record {
	uint64_t	 accepted;
	uint64_t	 ended;
	uint32_t	 address;
	uint32_t	 answers;
};

static struct peer	 peers[MAX_FDS];
static uint16_t		 status_of[65536];
static uint8_t		 reports_next[65536];
static int		 ep, highest;
static unsigned long	 n_accepted, n_answered, n_open;

static unsigned long	 hold_wanted, held, missed;
static int		 hold_status;

static int		 recording;
static struct record	*records;
static size_t		 n_records, room;

static void
report(const char *what, uint32_t address, int status)
{
	struct in_addr		 in = { .s_addr = htonl(address) };
	unsigned long long	 now = now_ns();

	if (status == 0)
		printf("%s %s %llu\n", what, inet_ntoa(in), now);
	else
		printf("%s %s %d %llu\n", what, inet_ntoa(in), status, now);
}

static void
watch(int fd, enum role role)
{
	struct epoll_event	 ev = { .events = EPOLLIN, .data.fd = fd };

	peers[fd].role = role;
	if (fd > highest)
		highest = fd;
	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == -1)
		err(1, "epoll_ctl");
}

static void
keep_record(const struct peer *p)
{
	if (n_records == room) {
		room = room == 0 ? 65536 : room * 2;
		if ((records = realloc(records, room * sizeof(*records))) == NULL)
			err(1, "realloc");
	}
	records[n_records++] = (struct record){
		.accepted = p->accepted, .ended = now_ns(), .address = p->address,
		.answers = p->answers,
	};
}

static void
end_connection(int fd, int reset)
{
	struct linger	 at_once = { .l_onoff = 1, .l_linger = 0 };
	struct peer	*p = &peers[fd];

	if (reset)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (recording)
		keep_record(p);
	if (p->held) {
		held--;
		missed++;
	}
	close(fd);
	p->role = NONE;
	n_open--;
}

static int
is_close_asked(const char *request)
{
	return strcasestr(request, "\r\nconnection: close") != NULL;
}

/* Answers as haproxy does to a monitor-uri: 200 or 503. */
static void
answer(int fd, int status)
{
	struct peer	*p = &peers[fd];
	const char	*page = "<html><body><h1>200 OK</h1>\nService ready.\n</body></html>\n";
	char		 text[512];
	int		 length, ends = is_close_asked(p->request);

	length = snprintf(text, sizeof(text),
	    "HTTP/1.1 %d %s\r\ncontent-length: %zu\r\ncache-control: no-cache\r\n"
	    "content-type: text/html\r\n%s\r\n%s",
	    status, status == 200 ? "OK" : "Service Unavailable", strlen(page),
	    ends ? "connection: close\r\n" : "", page);
	p->got = 0;
	p->answers++;
	n_answered++;
	if (reports_next[p->address & 0xffff]) {
		reports_next[p->address & 0xffff] = 0;
		report("answered", p->address, status);
	}
	if (send(fd, text, (size_t)length, MSG_NOSIGNAL) != length || ends)
		end_connection(fd, 0);
}

static void
release(void)
{
	unsigned long long	 start = now_ns();
	unsigned long		 n = held;
	int			 fd, i;

	for (i = 0; i < 65536; i++)
		status_of[i] = (uint16_t)hold_status;
	for (fd = 0; fd <= highest; fd++) {
		if (peers[fd].role != CONNECTION || !peers[fd].held)
			continue;
		peers[fd].held = 0;
		answer(fd, hold_status);
	}
	printf("released %lu %llu %lu\n", n, start, missed);
	hold_wanted = held = missed = 0;
}

static void
requested(int fd)
{
	struct peer	*p = &peers[fd];

	if (hold_wanted == 0) {
		answer(fd, status_of[p->address & 0xffff]);
		return;
	}
	p->held = 1;
	if (++held == hold_wanted)
		release();
}

static void
receive(int fd)
{
	struct peer	*p = &peers[fd];
	ssize_t		 n;

	n = recv(fd, p->request + p->got, MAX_REQUEST - 1 - p->got, MSG_DONTWAIT);
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			end_connection(fd, 0);
		return;
	}
	p->got += (size_t)n;
	p->request[p->got] = '\0';
	if (strstr(p->request, "\r\n\r\n") != NULL)
		requested(fd);
	else if (p->got == MAX_REQUEST - 1)
		end_connection(fd, 1);
}

static void
accept_all(int listener)
{
	struct sockaddr_in	 local;
	struct peer		*p;
	socklen_t		 len;
	int			 fd, on = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1) {
		p = &peers[fd];
		p->accepted = now_ns();
		len = sizeof(local);
		if (getsockname(fd, (struct sockaddr *)&local, &len) == -1)
			err(1, "getsockname");
		p->address = ntohl(local.sin_addr.s_addr);
		p->listener = listener;
		p->held = 0;
		p->answers = 0;
		p->got = 0;
		if (p->request == NULL && (p->request = malloc(MAX_REQUEST)) == NULL)
			err(1, "malloc");
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		n_accepted++;
		n_open++;
		watch(fd, CONNECTION);
	}
}

static const char *
listen_on(const char *address, int port)
{
	struct sockaddr_in	 addr = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int			 fd, on = 1;

	if (inet_pton(AF_INET, address, &addr.sin_addr) != 1)
		return "no address";
	if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) == -1)
		return strerror(errno);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == -1 || listen(fd, 4096) == -1) {
		close(fd);
		return strerror(errno);
	}
	peers[fd].address = ntohl(addr.sin_addr.s_addr);
	watch(fd, LISTENER);
	return NULL;
}

static const char *
close_listener(uint32_t address)
{
	int	 fd, listener = -1;

	for (fd = 0; fd <= highest && listener == -1; fd++)
		if (peers[fd].role == LISTENER && peers[fd].address == address)
			listener = fd;
	if (listener == -1)
		return "no such listener";
	report("closed", address, 0);
	close(listener);
	peers[listener].role = NONE;
	for (fd = 0; fd <= highest; fd++)
		if (peers[fd].role == CONNECTION && peers[fd].listener == listener)
			end_connection(fd, 1);
	return NULL;
}

static const char *
dump(const char *file)
{
	FILE	*f;

	if ((f = fopen(file, "w")) == NULL)
		return strerror(errno);
	if (fwrite(records, sizeof(*records), n_records, f) != n_records || fclose(f) != 0)
		return strerror(errno);
	printf("dumped %zu\n", n_records);
	return NULL;
}

static void
command(char *line)
{
	struct in_addr	 in;
	const char	*error = NULL;
	char		 text[256];
	int		 number;
	unsigned long	 count;

	if (sscanf(line, "listen %255s %d", text, &number) == 2) {
		if ((error = listen_on(text, number)) == NULL)
			printf("ok\n");
	} else if (sscanf(line, "close %255s", text) == 1 && inet_pton(AF_INET, text, &in) == 1)
		error = close_listener(ntohl(in.s_addr));
	else if (strcmp(line, "stats") == 0)
		printf("stats %lu %lu %lu\n", n_accepted, n_answered, n_open);
	else if (sscanf(line, "answer %255s %d", text, &number) == 2 &&
	    inet_pton(AF_INET, text, &in) == 1) {
		status_of[ntohl(in.s_addr) & 0xffff] = (uint16_t)number;
		reports_next[ntohl(in.s_addr) & 0xffff] = 1;
		printf("ok\n");
	} else if (sscanf(line, "hold %lu %d", &count, &number) == 2) {
		hold_wanted = count;
		hold_status = number;
		printf("ok\n");
	} else if (sscanf(line, "record %255s", text) == 1) {
		recording = strcmp(text, "on") == 0;
		n_records = recording ? 0 : n_records;
		printf("ok\n");
	} else if (sscanf(line, "dump %255s", text) == 1)
		error = dump(text);
	else
		error = "unknown command";
	if (error != NULL)
		printf("error %s\n", error);
}

/* Exits when stdin ends, so the server never outlives its parent. */
static void
read_commands(void)
{
	static char	 buffer[4096];
	static size_t	 got;
	ssize_t		 n;
	char		*end;

	n = read(STDIN_FILENO, buffer + got, sizeof(buffer) - 1 - got);
	if (n <= 0)
		exit(0);
	got += (size_t)n;
	buffer[got] = '\0';
	while ((end = strchr(buffer, '\n')) != NULL) {
		*end = '\0';
		command(buffer);
		got -= (size_t)(end + 1 - buffer);
		memmove(buffer, end + 1, got + 1);
	}
}

int
main(void)
{
	struct epoll_event	 events[512];
	struct rlimit		 files;
	int			 i, n, fd;

	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max < MAX_FDS ? files.rlim_max : MAX_FDS;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	for (i = 0; i < 65536; i++)
		status_of[i] = 200;
	if ((ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, "epoll_create1");
	watch(STDIN_FILENO, COMMANDS);
	for (;;) {
		if ((n = epoll_wait(ep, events, 512, -1)) == -1 && errno != EINTR)
			err(1, "epoll_wait");
		for (i = 0; i < n; i++) {
			fd = events[i].data.fd;
			if (peers[fd].role == COMMANDS)
				read_commands();
			else if (peers[fd].role == LISTENER)
				accept_all(fd);
			else if (peers[fd].role == CONNECTION)
				receive(fd);
		}
	}
}
