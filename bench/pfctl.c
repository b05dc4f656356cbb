/*
 * A stand-in for pfctl(8) that starts at once, so the bench does not measure the start of pfctl.
 *
 *	pfctl FOLDER [-a anchor] -t TABLE -T show|add|delete|replace [-f -]
 *	pfctl FOLDER [-a anchor] -v -s Tables
 *	pfctl FOLDER -s Sources | -ss ... | -k ... | -K ...
 *
 * A table is FOLDER/TABLE.table, with one address a line. There are no states or source nodes.
 * Each call adds a line to FOLDER/calls.log just before it exits:
 *	mono START END EXIT VERB TABLE COUNT FIRST
 * START and END are CLOCK_MONOTONIC in nanoseconds, COUNT and FIRST the number and the first of the
 * addresses on stdin.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

#define MAX_ADDRESSES	65536

struct address {
	int		 family;
	unsigned char	 bytes[16];
};

static struct address	 table[MAX_ADDRESSES], given[MAX_ADDRESSES];
static size_t		 n_table, n_given;
static const char	*folder, *verb = "none", *name = "-";
static uint64_t		 started;

static void
leave(int status)
{
	char	 path[1024], line[512], first[INET6_ADDRSTRLEN] = "-";
	int	 fd, length;

	if (n_given > 0)
		inet_ntop(given[0].family, given[0].bytes, first, sizeof(first));
	fflush(stdout);
	snprintf(path, sizeof(path), "%s/calls.log", folder);
	if ((fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600)) == -1)
		err(1, "%s", path);
	length = snprintf(line, sizeof(line), "mono %llu %llu %d %s %s %zu %s\n",
	    (unsigned long long)started, (unsigned long long)now_ns(), status, verb, name, n_given,
	    first);
	if (write(fd, line, (size_t)length) != length)
		err(1, "%s", path);
	_exit(status);
}

/* pfctl shows IPv4 before IPv6, in numeric order. */
static int
compare(const void *a, const void *b)
{
	const struct address	*one = a, *other = b;

	if (one->family != other->family)
		return one->family == AF_INET ? -1 : 1;
	return memcmp(one->bytes, other->bytes, sizeof(one->bytes));
}

static size_t
read_addresses(FILE *f, struct address *list)
{
	char	 line[128];
	size_t	 n = 0;

	while (fscanf(f, "%127s", line) == 1) {
		memset(&list[n], 0, sizeof(list[n]));
		list[n].family = strchr(line, ':') == NULL ? AF_INET : AF_INET6;
		if (n == MAX_ADDRESSES - 1 || inet_pton(list[n].family, line, list[n].bytes) != 1) {
			fprintf(stderr, "pfctl: no address: %s\n", line);
			leave(255);
		}
		n++;
	}
	qsort(list, n, sizeof(*list), compare);
	return n;
}

static int
is_in(const struct address *one, const struct address *list, size_t n)
{
	return bsearch(one, list, n, sizeof(*list), compare) != NULL;
}

static void
print_addresses(FILE *f, const char *indent)
{
	char	 text[INET6_ADDRSTRLEN];
	size_t	 i;

	for (i = 0; i < n_table; i++) {
		inet_ntop(table[i].family, table[i].bytes, text, sizeof(text));
		fprintf(f, "%s%s\n", indent, text);
	}
}

static size_t
add(void)
{
	size_t	 i, before = n_table;

	for (i = 0; i < n_given; i++)
		if (!is_in(&given[i], table, before))
			table[n_table++] = given[i];
	qsort(table, n_table, sizeof(*table), compare);
	return n_table - before;
}

static size_t
delete(void)
{
	size_t	 i, kept = 0, before = n_table;

	for (i = 0; i < n_table; i++)
		if (!is_in(&table[i], given, n_given))
			table[kept++] = table[i];
	n_table = kept;
	return before - kept;
}

static void
change(const char *path)
{
	FILE	*f;

	n_given = read_addresses(stdin, given);
	if (strcmp(verb, "add") == 0)
		fprintf(stderr, "%zu/%zu addresses added.\n", add(), n_given);
	else if (strcmp(verb, "delete") == 0)
		fprintf(stderr, "%zu/%zu addresses deleted.\n", delete(), n_given);
	else {
		memcpy(table, given, n_given * sizeof(*given));
		n_table = n_given;
		fprintf(stderr, "%zu addresses changed.\n", n_given);
	}
	if ((f = fopen(path, "w")) == NULL)
		err(1, "%s", path);
	print_addresses(f, "");
	if (fclose(f) != 0)
		err(1, "%s", path);
}

static void
use_table(void)
{
	char	 path[1024];
	FILE	*f;

	snprintf(path, sizeof(path), "%s/%s.table", folder, name);
	if ((f = fopen(path, "r+")) == NULL) {
		fprintf(stderr, "pfctl: Table does not exist\n");
		leave(255);
	}
	if (flock(fileno(f), LOCK_EX) == -1)
		err(1, "%s", path);
	n_table = read_addresses(f, table);
	if (strcmp(verb, "show") == 0)
		print_addresses(stdout, "   ");
	else
		change(path);
}

static void
list_tables(void)
{
	struct dirent	*entry;
	char		*end;
	DIR		*dir;

	if ((dir = opendir(folder)) == NULL)
		err(1, "%s", folder);
	while ((entry = readdir(dir)) != NULL) {
		if ((end = strstr(entry->d_name, ".table")) == NULL)
			continue;
		*end = '\0';
		printf("-pa-r--\t%s\n", entry->d_name);
	}
	closedir(dir);
}

int
main(int argc, char *argv[])
{
	int	 ch;

	started = now_ns();
	if (argc < 3)
		errx(1, "usage: pfctl folder arguments");
	folder = argv[1];
	while ((ch = getopt(argc - 1, argv + 1, "a:f:k:K:s:t:T:v")) != -1) {
		if (ch == 't')
			name = optarg;
		else if (ch == 'T')
			verb = optarg;
		else if (ch == 's')
			verb = strcmp(optarg, "Tables") == 0 ? "tables" : "list";
		else if (ch == '?')
			return 1;
	}
	if (strcmp(verb, "tables") == 0)
		list_tables();
	else if (strcmp(name, "-") != 0)
		use_table();
	leave(0);
}
