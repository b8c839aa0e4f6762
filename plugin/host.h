/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host: what auditd calls this host in its records (node=), so that they can
 * be told from those that it gathers from others (tcp_listen_port). By
 * auditd.conf's name_format, uname and the addresses of the interfaces, all as
 * of when it was made; no resolver is asked. Owns its strings.
 */
#ifndef CONTREE_HOST_H
#define CONTREE_HOST_H

#include <stdbool.h>

struct host;

/*
 * conf_path is auditd.conf. Where it cannot be read, no other host's records
 * are reckoned with. Aborts without memory.
 */
struct host *host_new(const char *conf_path);
void host_free(struct host *h);

/*
 * Whether a record that bears that node ("" for none) is of this host. known
 * is what it was called before, or NULL.
 */
bool host_is(const struct host *h, const char *node, const char *known);

/*
 * What it will be called, before any record has said so; NULL if only a
 * record can tell. Borrowed from h, or known.
 */
const char *host_guess(const struct host *h, const char *known);

#endif
