/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bundle.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "beneath.h"
#include "buf.h"
#include "cleanup.h"
#include "safe.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define DEPTH 32	/* a specification has six or so */

/*
 * json-c makes some 750 bytes of each "{},": with 1 MiB of those, it would
 * take 266 MB. A specification has some hundred objects and arrays, more
 * with many devices.
 */
#define NESTS_MAX 16384

#define ID_LEN 64	/* Docker's ids: so many hexadecimal digits */
#define HEX "0123456789abcdef"

static void cleanup_json(struct json_object **o)
{
	json_object_put(*o);
}

static void cleanup_tokener(struct json_tokener **tok)
{
	if (*tok)
		json_tokener_free(*tok);
}

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

/* --- parsing */

/*
 * Whether text is worth json-c's memory. A ' outside of strings is no JSON,
 * but json-c takes it for a quote, which would make its strings differ from
 * those seen here.
 */
static bool is_modest(const struct buf *text)
{
	bool in_string = false;
	size_t nests = 0;

	for (size_t i = 0; i < text->len; i++) {
		char c = text->data[i];

		if (c == '"')
			in_string = !in_string;
		else if (in_string)
			i += c == '\\';
		else if (c == '\'')
			return false;
		else
			nests += c == '{' || c == '[';
	}
	return nests <= NESTS_MAX;
}

static struct json_object *parse(const struct buf *text, struct err *err)
{
	_cleanup_(cleanup_tokener) struct json_tokener *tok = NULL;
	_cleanup_(cleanup_json) struct json_object *o = NULL;
	struct json_object *ret;

	if (!is_modest(text)) {
		err_set(err, 0, "not JSON, or too many objects and arrays");
		return NULL;
	}
	tok = need(json_tokener_new_ex(DEPTH));
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	o = json_tokener_parse_ex(tok, text->data, (int)text->len);
	if (json_tokener_get_error(tok) != json_tokener_success) {
		err_set(err, 0, "not JSON: %s",
			json_tokener_error_desc(json_tokener_get_error(tok)));
		return NULL;
	}
	/* A NUL ends it for json-c, whatever follows. */
	if (json_tokener_get_parse_end(tok) != text->len ||
	    !json_object_is_type(o, json_type_object)) {
		err_set(err, 0, "not one JSON object");
		return NULL;
	}
	ret = o;
	o = NULL;
	return ret;
}

/* A file's object, or NULL with err, which names the file. */
static struct json_object *load(int root_fd, const char *path, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	_cleanup_buf_ struct buf shown = BUF_INIT;
	struct json_object *o = NULL;

	if (read_beneath(root_fd, path, BUNDLE_FILE_MAX_BYTES, &text, err) == 0)
		o = parse(&text, err);
	if (!o) {
		safe_text(&shown, path, strlen(path));
		err_wrap(err, "%.*s", (int)safe_cut(shown.data, shown.len, 256),
			 shown.data);
	}
	return o;
}

/* --- values */

/* NULL if there is none; so parent may be any other's missing member. */
static struct json_object *member(struct json_object *parent, const char *key)
{
	struct json_object *o = NULL;

	json_object_object_get_ex(parent, key, &o);
	return o;
}

/* NULL if it is no string or longer than max. A NUL in it ends it. */
static const char *string(struct json_object *o, size_t max_bytes)
{
	const char *s;

	if (!json_object_is_type(o, json_type_string))
		return NULL;
	s = json_object_get_string(o);
	return strlen(s) <= max_bytes ? s : NULL;
}

static const char *value(struct json_object *parent, const char *key)
{
	const char *s = string(member(parent, key), BUNDLE_VALUE_MAX_BYTES);

	return s && *s ? s : NULL;
}

/* What is not known leaves what was there. */
static void replace(char **to, const char *s, size_t len)
{
	if (!len)
		return;
	free(*to);
	*to = need(strndup(s, len));
}

static void replace_string(char **to, const char *s)
{
	if (s)
		replace(to, s, strlen(s));
}

/* An image that is given by its id has no name. */
static bool is_image_id(const char *ref)
{
	bool typed = !strncmp(ref, "sha256:", 7);
	size_t len;

	ref += typed ? 7 : 0;
	len = strspn(ref, HEX);
	return !ref[len] && (typed || len == 64);
}

/* NAME[:TAG][@DIGEST], where NAME may begin with HOST:PORT/. */
static void set_image(struct bundle_names *names, const char *ref)
{
	const char *end, *tag;

	if (!ref || is_image_id(ref))
		return;
	end = ref + strcspn(ref, "@");
	tag = end;
	for (const char *s = end; s > ref && s[-1] != '/'; s--)
		if (s[-1] == ':')
			tag = s - 1;
	if (tag == ref)
		return;
	free(names->image_tag);
	names->image_tag = NULL;
	replace(&names->image_name, ref, (size_t)(tag - ref));
	if (tag < end)
		replace(&names->image_tag, tag + 1, (size_t)(end - tag - 1));
}

/* --- labels */

#define COMPOSE "com.docker.compose."

/* What containerd and nerdctl keep in labels for themselves. */
static const char *const internal[] = {
	"containerd.io/",
	"io.containerd.",
	"nerdctl/",
};

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static bool is_wanted(const char *key, bool compose)
{
	size_t len = strlen(key);

	/* Two keys that JSON cannot tell apart would spoil every line. */
	if (!len || len > BUNDLE_LABEL_MAX_BYTES || !safe_is_utf8(key, len))
		return false;
	for (size_t i = 0; i < COUNT(internal); i++)
		if (begins(key, internal[i]))
			return false;
	return begins(key, COMPOSE) == compose;
}

static void add_labels(struct bundle_names *names, struct json_object *from,
		       bool compose)
{
	struct bundle_label *label;
	const char *s;

	json_object_object_foreach(from, key, o)
	{
		s = string(o, BUNDLE_LABEL_MAX_BYTES);
		if (!s || !is_wanted(key, compose))
			continue;
		if (names->n_labels == BUNDLE_LABELS_MAX)
			return;
		label = &names->labels[names->n_labels++];
		label->key = need(strdup(key));
		label->value = need(strdup(s));
	}
}

static void free_labels(struct bundle_names *names)
{
	for (size_t i = 0; i < names->n_labels; i++) {
		free(names->labels[i].key);
		free(names->labels[i].value);
	}
	free(names->labels);
	names->labels = NULL;
	names->n_labels = 0;
}

/* Compose's first: an image may bring more labels than there is room for. */
static void set_labels(struct bundle_names *names, struct json_object *from)
{
	free_labels(names);
	if (!json_object_is_type(from, json_type_object))
		return;
	names->labels = need(calloc(BUNDLE_LABELS_MAX, sizeof(*names->labels)));
	add_labels(names, from, true);
	add_labels(names, from, false);
	if (!names->n_labels)
		free_labels(names);
}

/* --- config.json */

#define CRI "io.kubernetes.cri."
#define FIELD(name) offsetof(struct bundle_names, name)

/*
 * containerd's internal/cri/annotations and nerdctl's pkg/labels. A sandbox
 * has no container-name; nerdctl tells no image, and ctr nothing at all.
 */
static const struct {
	const char *key;
	size_t field;
} annotated[] = {
	{ "nerdctl/name", FIELD(name) },
	{ CRI "container-name", FIELD(name) },
	{ CRI "sandbox-name", FIELD(pod_name) },
	{ CRI "sandbox-namespace", FIELD(pod_ns) },
	{ CRI "sandbox-uid", FIELD(pod_uid) },
	{ CRI "sandbox-id", FIELD(sandbox_id) },
	{ CRI "container-type", FIELD(container_type) },
};

static void take_spec(struct bundle_names *names, struct json_object *spec)
{
	struct json_object *notes = member(spec, "annotations");

	for (size_t i = 0; i < COUNT(annotated); i++)
		replace_string((char **)((char *)names + annotated[i].field),
			       value(notes, annotated[i].key));
	set_image(names, value(notes, CRI "podsandbox.image-name"));
	set_image(names, value(notes, CRI "image-name"));
	replace_string(&names->cgroups_path,
		       value(member(spec, "linux"), "cgroupsPath"));
	/* nerdctl's older releases put all of a container's labels there. */
	if (value(notes, "nerdctl/name"))
		set_labels(names, notes);
}

/* --- config.v2.json */

/*
 * Docker binds these of its own files over those in /etc. They are all that
 * tells where its directory is: DIR/containers/ID/hostname.
 */
static const char *const bound[] = { "hostname", "hosts", "resolv.conf" };

static bool is_docker_id(const char *s)
{
	return strspn(s, HEX) == ID_LEN;
}

/* The bundle's last component, if it is an id of Docker's kind. */
static bool bundle_id(const char *bundle, char id[ID_LEN + 1])
{
	size_t len = strlen(bundle);

	while (len && bundle[len - 1] == '/')
		len--;
	if (len <= ID_LEN || bundle[len - ID_LEN - 1] != '/' ||
	    !is_docker_id(bundle + len - ID_LEN))
		return false;
	memcpy(id, bundle + len - ID_LEN, ID_LEN);
	id[ID_LEN] = '\0';
	return true;
}

/* What is bound over /etc/NAME, or NULL. */
static const char *source_of(struct json_object *mounts, const char *name)
{
	struct json_object *mount;
	const char *to, *from;

	if (!json_object_is_type(mounts, json_type_array))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(mounts); i++) {
		mount = json_object_array_get_idx(mounts, i);
		to = value(mount, "destination");
		from = string(member(mount, "source"), PATH_MAX);
		if (to && from && begins(to, "/etc/") && !strcmp(to + 5, name))
			return from;
	}
	return NULL;
}

/*
 * From DIR/ID/NAME to DIR/OURS/config.v2.json. The ids differ where the
 * container shares another's network (--network container:X): then it has
 * that one's files.
 */
static bool find_config(struct buf *path, struct json_object *mounts,
			const char *name, const char *id)
{
	const char *source = source_of(mounts, name);
	size_t tail = 1 + ID_LEN + 1 + strlen(name);
	const char *end;

	if (!source || strlen(source) < tail)
		return false;
	end = source + strlen(source) - tail;
	if (end[0] != '/' || !is_docker_id(end + 1) || end[1 + ID_LEN] != '/' ||
	    strcmp(end + 1 + ID_LEN + 1, name))
		return false;
	buf_clear(path);
	buf_put(path, source, (size_t)(end - source));
	buf_printf(path, "/%s/config.v2.json", id);
	buf_putc(path, '\0');
	return true;
}

static void take_docker(struct bundle_names *names, struct json_object *own)
{
	struct json_object *config = member(own, "Config");
	const char *name = value(own, "Name");

	names->docker = true;
	if (name)
		replace_string(&names->name, name + (*name == '/'));
	set_image(names, value(config, "Image"));
	set_labels(names, member(config, "Labels"));
}

/* Each of the three is tried: a user can bind something else over two. */
static void read_docker(int root_fd, const char *bundle,
			struct json_object *spec, struct bundle_names *names)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	char id[ID_LEN + 1];

	if (!bundle_id(bundle, id))
		return;
	for (size_t i = 0; i < COUNT(bound) && !names->docker; i++) {
		_cleanup_(cleanup_json) struct json_object *own = NULL;
		const char *its_id;

		if (!find_config(&path, member(spec, "mounts"), bound[i], id))
			continue;
		own = load(root_fd, path.data, NULL);
		its_id = value(own, "ID");
		if (its_id && !strcmp(its_id, id))
			take_docker(names, own);
	}
}

/* --- all of it */

int bundle_read(int root_fd, const char *bundle, struct bundle_names *names,
		struct err *err)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_(cleanup_json) struct json_object *spec = NULL;

	memset(names, 0, sizeof(*names));
	if (!*bundle)
		return err_set(err, 0, "no bundle");
	buf_puts(&path, bundle);
	buf_puts(&path, "/config.json");
	buf_putc(&path, '\0');
	spec = load(root_fd, path.data, err);
	if (!spec)
		return -1;
	take_spec(names, spec);
	read_docker(root_fd, bundle, spec, names);
	return 0;
}

void bundle_names_free(struct bundle_names *names)
{
	free(names->name);
	free(names->image_name);
	free(names->image_tag);
	free(names->pod_name);
	free(names->pod_ns);
	free(names->pod_uid);
	free(names->sandbox_id);
	free(names->container_type);
	free(names->cgroups_path);
	free_labels(names);
	memset(names, 0, sizeof(*names));
}
