/*
 * The floor: the least CPU time that hfmd's checks can take, in a C epoll loop.
 *
 *	floor http|keepalive|tcp ADDRESS COUNT PORT INTERVAL_MS TIMEOUT_MS
 *
 * Probes COUNT addresses from ADDRESS on, each once an interval. The starts are spread evenly over it.
 * http: connect, GET, read the head, expect status 200, close. keepalive: the same on a connection that
 * stays open. tcp: connect, reset. A probe without a verdict after TIMEOUT_MS fails.
 * At SIGTERM it prints "passed N failed N". Linux only.
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

enum kind { HTTP, KEEPALIVE, TCP };
enum state { IDLE, CONNECTING, READING };

struct target {
	struct sockaddr_in	 addr;
	struct target		*next;	/* probes under way, the oldest first */
	struct target		*prev;
	uint64_t		 started;
	enum state		 state;
	int			 fd;
	int			 sent;
	size_t			 got;
	int			 request_len;
	char			 request[160];
	char			 head[512];
};

static volatile sig_atomic_t	 stopped;
static enum kind		 kind;
static int			 ep;
static struct target		 flight = { .next = &flight, .prev = &flight };
static unsigned long		 passed, failed;

static void
on_term(int sig)
{
	(void)sig;
	stopped = 1;
}

static void
hang_up(struct target *t)
{
	struct linger	 at_once = { .l_onoff = 1, .l_linger = 0 };

	if (kind == TCP)
		setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(t->fd);
	t->fd = -1;
}

static void
settle(struct target *t, int pass)
{
	if (pass)
		passed++;
	else
		failed++;
	t->prev->next = t->next;
	t->next->prev = t->prev;
	t->state = IDLE;
	if (kind != KEEPALIVE || !pass)
		hang_up(t);
}

static void
send_request(struct target *t)
{
	struct epoll_event	 ev = { .events = EPOLLIN, .data.ptr = t };

	if (send(t->fd, t->request, t->request_len, MSG_NOSIGNAL) != t->request_len) {
		settle(t, 0);
		return;
	}
	if (t->state == CONNECTING)
		epoll_ctl(ep, EPOLL_CTL_MOD, t->fd, &ev);
	t->state = READING;
}

static void
start(struct target *t, uint64_t now)
{
	struct epoll_event	 ev = { .events = EPOLLOUT, .data.ptr = t };
	int			 on = 1;

	if (t->state != IDLE)
		return;
	t->started = now;
	t->got = 0;
	t->prev = flight.prev;
	t->next = &flight;
	t->prev->next = t->next->prev = t;
	if (t->fd != -1) {
		t->state = READING;
		send_request(t);
		return;
	}
	t->state = CONNECTING;
	t->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd == -1)
		err(1, "socket");
	setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(t->fd, (struct sockaddr *)&t->addr, sizeof(t->addr)) == -1 &&
	    errno != EINPROGRESS) {
		settle(t, 0);
		return;
	}
	epoll_ctl(ep, EPOLL_CTL_ADD, t->fd, &ev);
}

static void
connected(struct target *t)
{
	int		 error = 0;
	socklen_t	 len = sizeof(error);

	getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0)
		settle(t, 0);
	else if (kind == TCP)
		settle(t, 1);
	else
		send_request(t);
}

static void
receive(struct target *t)
{
	ssize_t	 n;

	n = recv(t->fd, t->head + t->got, sizeof(t->head) - 1 - t->got, 0);
	if (n <= 0) {
		if (n == -1 && errno == EAGAIN)
			return;
		if (t->state == READING)
			settle(t, 0);
		else
			hang_up(t);
		return;
	}
	t->got += (size_t)n;
	t->head[t->got] = '\0';
	if (strstr(t->head, "\r\n\r\n") != NULL)
		settle(t, strncmp(t->head, "HTTP/1.1 200", 12) == 0);
	else if (t->got == sizeof(t->head) - 1)
		settle(t, 0);
}

int
main(int argc, char *argv[])
{
	struct epoll_event	 events[256];
	struct target		*targets, *t;
	struct in_addr		 first;
	struct rlimit		 files;
	char			 name[INET_ADDRSTRLEN];
	uint64_t		 now, next, origin, interval, timeout;
	unsigned long		 count, i, due, started = 0;
	int			 port, n, wait;

	if (argc != 7 || inet_pton(AF_INET, argv[2], &first) != 1)
		errx(64, "usage: floor http|keepalive|tcp address count port interval timeout");
	kind = argv[1][0] == 'h' ? HTTP : argv[1][0] == 'k' ? KEEPALIVE : TCP;
	count = strtoul(argv[3], NULL, 10);
	port = atoi(argv[4]);
	interval = strtoull(argv[5], NULL, 10) * 1000000u;
	timeout = strtoull(argv[6], NULL, 10) * 1000000u;
	signal(SIGTERM, on_term);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if ((ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, "epoll_create1");
	if ((targets = calloc(count, sizeof(*targets))) == NULL)
		err(1, "calloc");
	for (i = 0; i < count; i++) {
		t = &targets[i];
		t->fd = -1;
		t->addr.sin_family = AF_INET;
		t->addr.sin_port = htons((uint16_t)port);
		t->addr.sin_addr.s_addr = htonl(ntohl(first.s_addr) + (uint32_t)i);
		inet_ntop(AF_INET, &t->addr.sin_addr, name, sizeof(name));
		t->request_len = snprintf(t->request, sizeof(t->request),
		    "GET /haproxy_check HTTP/1.1\r\nhost: %s:%d\r\nuser-agent: floor\r\n"
		    "accept: */*\r\nconnection: %s\r\n\r\n",
		    name, port, kind == KEEPALIVE ? "keep-alive" : "close");
	}
	origin = now_ns();
	while (!stopped) {
		now = now_ns();
		due = (unsigned long)((now - origin) * count / interval);
		for (; started < due; started++)
			start(&targets[started % count], now);
		while (flight.next != &flight && now - flight.next->started >= timeout)
			settle(flight.next, 0);
		next = origin + (started + 1) * interval / count;
		now = now_ns();
		/* Round up: otherwise the loop spins until the millisecond is over. */
		wait = now < next ? (int)((next - now + 999999u) / 1000000u) : 0;
		n = epoll_wait(ep, events, 256, wait);
		while (n-- > 0) {
			t = events[n].data.ptr;
			if (t->fd == -1)
				continue;
			if (t->state == CONNECTING)
				connected(t);
			else
				receive(t);
		}
	}
	printf("passed %lu failed %lu\n", passed, failed);
	return 0;
}
