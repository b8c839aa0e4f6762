/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "cleanup.h"

/* name_format of auditd.conf(5); resolve_node() in auditd-event.c */
enum format { FORMAT_UNKNOWN, NONE, HOSTNAME, FQD, NUMERIC, USER };

static const struct {
	const char *name;
	enum format format;
} formats[] = {
	{ "none", NONE }, { "hostname", HOSTNAME }, { "fqd", FQD },
	{ "numeric", NUMERIC }, { "user", USER },
};

struct host {
	enum format format;
	bool gathers;		/* others' records, too */
	char *user;		/* the name that was chosen, or NULL */
	char (*addresses)[INET6_ADDRSTRLEN];
	size_t n_addresses;
	char hostname[sizeof(((struct utsname *)NULL)->nodename)];
};

static void take_format(struct host *h, const char *value)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcasecmp(value, formats[i].name))
			h->format = formats[i].format;
}

/* "name = value"; auditd wants blanks around neither, nor a quote. */
static void take_line(struct host *h, char *line)
{
	char *rest = line;
	char *name = strsep(&rest, "=");
	char *value = rest ? strtok_r(rest, " \t\r\n", &rest) : NULL;

	name = strtok_r(name, " \t", &line);
	if (!name || !value || *name == '#')
		return;
	if (!strcmp(name, "name_format")) {
		take_format(h, value);
	} else if (!strcmp(name, "name")) {
		free(h->user);
		h->user = strdup(value);
		if (!h->user)
			abort();
	} else if (!strcmp(name, "tcp_listen_port")) {
		h->gathers = true;
	}
}

static void read_conf(struct host *h, const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	char line[1024];

	if (!f)
		return;
	h->format = NONE;
	while (fgets(line, sizeof(line), f))
		take_line(h, line);
}

static void add_address(struct host *h, const struct sockaddr *address)
{
	const struct sockaddr_in6 *six = (const void *)address;
	const struct sockaddr_in *four = (const void *)address;
	const void *bytes = address->sa_family == AF_INET ?
				    (const void *)&four->sin_addr :
				    &six->sin6_addr;

	if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
		return;
	h->addresses = reallocarray(h->addresses, h->n_addresses + 1,
				    sizeof(*h->addresses));
	if (!h->addresses)
		abort();
	if (inet_ntop(address->sa_family, bytes, h->addresses[h->n_addresses],
		      sizeof(*h->addresses)))
		h->n_addresses++;
}

/* Now, since it takes a socket that the core's filter does not give. */
static void read_addresses(struct host *h)
{
	struct ifaddrs *all, *i;

	if (getifaddrs(&all))
		return;
	for (i = all; i; i = i->ifa_next)
		if (i->ifa_addr)
			add_address(h, i->ifa_addr);
	freeifaddrs(all);
}

struct host *host_new(const char *conf_path)
{
	struct host *h = calloc(1, sizeof(*h));
	struct utsname names;

	if (!h)
		abort();
	if (!uname(&names))
		memcpy(h->hostname, names.nodename, sizeof(h->hostname));
	read_conf(h, conf_path);
	if (h->gathers)
		read_addresses(h);
	return h;
}

void host_free(struct host *h)
{
	if (!h)
		return;
	free(h->user);
	free(h->addresses);
	free(h);
}

/* One is the other, or that with its domain. */
static bool is_same_name(const char *a, const char *b)
{
	size_t len = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

	return len && !strncasecmp(a, b, len) && (!a[len] || a[len] == '.') &&
	       (!b[len] || b[len] == '.');
}

static bool has_address(const struct host *h, const char *node)
{
	for (size_t i = 0; i < h->n_addresses; i++)
		if (!strcasecmp(h->addresses[i], node))
			return true;
	return false;
}

bool host_is(const struct host *h, const char *node, const char *known)
{
	if (!h->gathers)
		return true;
	if (!*node)
		return h->format == NONE;
	if (known && !strcmp(node, known))
		return true;
	/* auditd may still go by what the file said before. */
	return is_same_name(node, h->hostname) || has_address(h, node) ||
	       (h->user && h->format == USER && !strcmp(node, h->user));
}

/* NULL where it takes a resolver to know. */
static const char *by_format(const struct host *h)
{
	switch (h->format) {
	case NONE:
		return "";
	case HOSTNAME:
		return h->hostname;
	case USER:
		return h->user;
	case FORMAT_UNKNOWN:
	case FQD:
	case NUMERIC:
		break;
	}
	return NULL;
}

const char *host_guess(const struct host *h, const char *known)
{
	const char *name = by_format(h);

	/* The two may differ because the file was changed. */
	if (name && known)
		return strcmp(name, known) ? NULL : name;
	return name ? name : known;
}
